"""Fits the polynomials of src/{exponential,logarithm,normal}.rs and prints them as Rust.

Each is the Chebyshev interpolant of its function, at 50 digits, turned into powers and rounded to
doubles; it is within a small factor of the best polynomial of its degree. The printed error is
that of the rounded coefficients, found on a fine grid, in exact arithmetic.

    python crates/numerics/fit/coefficients.py        # needs mpmath
"""
from mpmath import mp, mpf, atanh, cos, erfc, exp, log, pi, polyval, sqrt, nstr, factorial

mp.dps = 50


def interpolate(f, low, high, degree):
    """Power coefficients, lowest first, of the interpolant of f at the Chebyshev nodes."""
    mid, half = (high + low) / 2, (high - low) / 2
    nodes = [mid + half * cos(pi * (2 * j + 1) / (2 * (degree + 1))) for j in range(degree + 1)]
    newton = [f(x) for x in nodes]
    for order in range(1, degree + 1):
        for j in range(degree, order - 1, -1):
            newton[j] = (newton[j] - newton[j - 1]) / (nodes[j] - nodes[j - order])
    powers = [mpf(0)]
    for j in range(degree, -1, -1):
        shifted = [mpf(0)] + powers
        powers = [a - nodes[j] * b for a, b in zip(shifted, powers + [mpf(0)])]
        powers[0] += newton[j]
    return powers[: degree + 1]


def report(name, f, low, high, degree, weight):
    """Prints the rounded coefficients and the largest of |fitted - f| x weight."""
    rounded = [float(c) for c in interpolate(f, low, high, degree)]
    highest_first = [mpf(c) for c in reversed(rounded)]
    worst = mpf(0)
    for j in range(2001):
        x = low + (high - low) * j / 2000
        worst = max(worst, abs(polyval(highest_first, x) - f(x)) * weight(x))
    print(f"// {name}: degree {degree}, error {nstr(worst, 3)}")
    for c in rounded:
        print(f"    {c!r},")


def series(term, start):
    """A power series summed to 50 digits, for arguments near zero."""
    return lambda x: sum(term(n) * x ** (n - start) for n in range(start, start + 60))


HALF_LN2 = log(2) / 2
exp_tail = series(lambda n: 1 / factorial(n), 2)  # (e^r - 1 - r) / r^2
report("exp, (e^r - 1 - r) / r^2", exp_tail, -HALF_LN2, HALF_LN2, 9, lambda r: r * r / exp(r))

S_MAX = (sqrt(2) - 1) / (sqrt(2) + 1)
ln_tail = series(lambda n: 2 / mpf(2 * n + 1), 1)  # (2 atanh(s) - 2 s) / s^3 in z = s^2
report("ln, (2 atanh s - 2 s) / s^3 in s^2", ln_tail, mpf(0), S_MAX**2, 6, lambda z: z / 2)

CENTRE = mpf(5)


def scaled_mills(t):
    """(x + CENTRE) x the Mills ratio at x = CENTRE (1 + t) / (1 - t): the whole half-line is t in [-1, 1]."""
    if t == 1:
        return mpf(1)
    x = CENTRE * (1 + t) / (1 - t)
    return (x + CENTRE) * sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(mpf(2)))


report("Mills ratio, (x + c) M(x)", scaled_mills, mpf(-1), mpf(1), 23, lambda t: 1 / scaled_mills(t))
