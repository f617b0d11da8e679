"""The peer of crates/book/benches/monte_carlo.rs: the same book and moves of the same shape in numpy.

196 options and four perpetuals on four underlyings under so many joint moves (100,000 unless given), revalued in full, with
the mean of the worst hundredth. Prints `numpy|monte_carlo|ns the whole job`: the fastest of five runs, one thread.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys
import time

import numpy as np
from scipy.special import ndtr

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
COINS = [60_000.0, 3_000.0, 150.0, 600.0]
YEARS = [25 / 365, 60 / 365, 116 / 365, 207 / 365]
CHUNK = 4_096  # What is between stays in the cache.


def book():
    for coin, index in enumerate(COINS):
        options = [
            (years, index * percent / 100, sign, quantity)
            for years in YEARS
            for percent in (70, 80, 90, 100, 110, 120, 140)
            for sign, quantity in ((1.0, 2.0), (-1.0, -1.0))
        ]
        yield coin, index, options[:49]


def price(sign, forward, strike, deviation):
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    return sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - deviation)))


def gains(price_moves, vol_moves):
    all_gains = np.zeros(COUNT)
    for coin, index, options in book():
        for start in range(0, COUNT, CHUNK):
            part = slice(start, start + CHUNK)
            forward, vol = index * (1.0 + price_moves[coin, part]), 0.6 * (1.0 + vol_moves[coin, part])
            total = 3.0 * (forward - index)
            for years, strike, sign, quantity in options:
                root = np.sqrt(years)
                total += quantity * (price(sign, forward, strike, vol * root) - price(sign, index, strike, 0.6 * root))
            all_gains[part] += total
    return all_gains


def job(price_moves, vol_moves):
    result = gains(price_moves, vol_moves)
    worst = COUNT // 100
    return -np.partition(result, worst)[:worst].mean()


random = np.random.default_rng(3)
shared = random.normal(0.0, 0.03, COUNT)
price_moves = shared + random.normal(0.0, 0.03, (len(COINS), COUNT))
vol_moves = random.normal(0.0, 0.06, (len(COINS), COUNT)) - shared
times = []
for _ in range(5):
    start = time.perf_counter()
    job(price_moves, vol_moves)
    times.append(time.perf_counter() - start)
print(f"numpy|monte_carlo|{min(times) * 1e9:.0f}")
