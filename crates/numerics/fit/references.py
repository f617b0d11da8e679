"""Prints tests/references.txt: function, argument and value to 40 digits, one case a line.

    python crates/numerics/fit/references.py > crates/numerics/tests/references.txt     # needs mpmath
"""
import random

from mpmath import mp, mpf, erfc, exp, log, ncdf, npdf, nstr, pi, sqrt

mp.dps = 50
RANDOM = random.Random(20261120)


def uniform(low, high, count):
    return [RANDOM.uniform(low, high) for _ in range(count)]


def mills(x):
    return sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(mpf(2)))


def inverse_cdf(p):
    """By Newton's method on the logarithm of the nearer tail."""
    tail = min(p, 1 - p)
    x = -sqrt(-2 * log(2 * tail))
    for _ in range(60):
        x -= ncdf(x) / npdf(x) * log(ncdf(x) / tail)
    return x if p < 0.5 else -x


powers = [10.0**e for e in range(-12, 1, 3)]
CASES = {
    "exp": (exp, [0.5, -0.5, 1.0, 709.7, -708.3, -740.0, 1e-17] + uniform(-700, 700, 40) + uniform(-1, 1, 30)),
    "ln": (log, [2.0, 0.5, 1e300, 1e-300, 5e-324, 1e-310, 0.7071067811865475, 1.4142135623730951, 1 + 2**-40]
           + uniform(0.5, 2, 40) + [10 ** u for u in uniform(-300, 300, 30)]),
    "erfc": (erfc, powers + uniform(-6, 0, 20) + uniform(0, 3, 40) + uniform(3, 26, 40)),
    "erfcx": (lambda x: exp(x * x) * erfc(x), powers + uniform(-20, 0, 20) + uniform(0, 5, 40) + [30.0, 1e3, 1e8]),
    "pdf": (npdf, powers + uniform(-37, 37, 40)),
    "cdf": (ncdf, powers + uniform(-37, 0, 40) + uniform(0, 8, 30)),
    "mills": (mills, powers + uniform(0, 5, 40) + uniform(5, 60, 30)),
    "inverse_cdf": (inverse_cdf, [1e-300, 1e-100, 1e-20, 1e-5, 0.075, 0.925, 1 - 1e-9] + uniform(0, 1, 40)),
}

for name, (function, arguments) in CASES.items():
    for x in arguments:
        print(name, repr(x), nstr(function(mpf(x)), 25, min_fixed=1, max_fixed=0))
