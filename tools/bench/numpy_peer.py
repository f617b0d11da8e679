"""The peer of crates/pricing/benches/black76.rs and of crates/margin/benches/table.rs: the same jobs in numpy and scipy.

100,000 options priced with four Greeks; risk tables of 800 options and of 1,600 under 32 shocks less the
unshocked price, rounded to 32-bit counts of 1e-4, by the cell and whole. Prints `numpy|job|ns each`: the median processor
time of this thread over 31 runs, one thread.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import statistics
import time

import numpy as np
from scipy.special import ndtr

OPTIONS = 100_000
INV_SQRT_2PI = 1.0 / np.sqrt(2.0 * np.pi)
YEARS = np.array([1, 2, 7, 14, 30, 90, 180, 365]) / 365.0
PRICE_MOVES = np.array([-0.20, -0.15, -0.10, -0.06, -0.03, 0.0, 0.03, 0.06, 0.10, 0.15, 0.20])
VOL_MOVES = np.array([-0.25, 0.0, 0.35])


def report(name, items, job):
    job()
    runs = []
    for _ in range(31):
        start = time.thread_time()
        job()
        runs.append(time.thread_time() - start)
    print(f"numpy|{name}|{statistics.median(runs) / items * 1e9:.3f}", flush=True)


def price(sign, forward, strike, vol, root_years, discount):
    deviation = vol * root_years
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    return discount * sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - deviation)))


def greeks(sign, forward, strike, vol, years, rate):
    root = np.sqrt(years)
    deviation = vol * root
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    discount = np.exp(-rate * years)
    inside, both = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
    density = INV_SQRT_2PI * np.exp(-0.5 * d1 * d1)
    value = discount * sign * (forward * inside - strike * both)
    delta = discount * sign * inside
    gamma = discount * density / (forward * deviation)
    vega = discount * forward * density * root
    theta = rate * value - 0.5 * discount * forward * density * vol / root
    return value, delta, gamma, vega, theta


def time_batches():
    random = np.random.default_rng(1)
    sign = np.where(random.random(OPTIONS) < 0.5, 1.0, -1.0)
    forward = np.exp(random.normal(np.log(3000.0), 1.0, OPTIONS))
    years = random.choice(YEARS, OPTIONS)
    vol = random.uniform(0.35, 1.4, OPTIONS)
    rate = random.uniform(0.0, 0.05, OPTIONS)
    strike = forward * np.exp(random.normal(0.0, 1.0, OPTIONS) * vol * np.sqrt(years))
    report("price", OPTIONS, lambda: price(sign, forward, strike, vol, np.sqrt(years), np.exp(-rate * years)))
    report("black76", OPTIONS, lambda: greeks(sign, forward, strike, vol, years, rate))


def time_table():
    random = np.random.default_rng(7)
    rows = []
    for _ in range(10):
        forward, atm = np.exp(random.uniform(np.log(0.5), np.log(60_000.0))), random.uniform(0.45, 1.1)
        for years in YEARS:
            for m in np.linspace(-1.6, 1.6, 5):
                strike, vol = forward * np.exp(m * atm * np.sqrt(years)), atm * (1 + 0.05 * m * m - 0.02 * m)
                rows += [(sign, forward, strike, vol, np.sqrt(years)) for sign in (1.0, -1.0)]
    sign, forward, strike, vol, root = (column[:, None] for column in np.array(rows).T)
    moves = [(p, v) for p in PRICE_MOVES for v in VOL_MOVES if (p, v) != (0.0, 0.0)]
    # The unshocked price is a first column, so that numpy too does all of it in one pass.
    growth = np.array([1.0] + [1 + p for p, _ in moves])
    vol_scale = np.array([1.0] + [1 + v for _, v in moves])

    def table():
        values = price(sign, forward * growth, strike, vol * vol_scale, root, 1.0)
        counts = np.rint((values[:, 1:] - values[:, :1]) * 1e4)
        assert np.abs(counts).max() <= 2**31 - 1
        return counts.astype(np.int32)

    report("table_cell", len(rows) * len(moves), table)
    sign, forward, strike, vol, root = (np.concatenate([column, column]) for column in (sign, forward, strike, vol, root))
    report("risk_table", 1, table)


time_batches()
time_table()
