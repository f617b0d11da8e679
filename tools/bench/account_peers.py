"""The peers of crates/book/benches/pass.rs: account passes in scipy and numba, one thread.

    account_peers.py [ACCOUNTS]

1,600 contracts under 32 scenarios; accounts of 20 positions, drawn evenly; the loss of each is the largest over the
scenarios. scipy multiplies a sparse matrix in chunks, numba loops over positions; both in double precision. Prints
`peer|job|ns an account`, the fastest of five runs.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import sys
import time

import numba
import numpy as np
import scipy.sparse

ACCOUNTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
POSITIONS, ROWS, COLUMNS, GROUPS, CHUNK = 20, 1_600, 32, 4, 20_000


def least(job, runs=5):
    job()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times) * 1e9


def report(peer, job, nanos):
    print(f"{peer}|{job}|{nanos:.2f}", flush=True)


@numba.njit
def flat(table, starts, rows, lots, losses):
    sums = np.empty(table.shape[1])
    for account in range(len(losses)):
        sums[:] = 0.0
        for at in range(starts[account], starts[account + 1]):
            row, count = rows[at], lots[at]
            for column in range(table.shape[1]):
                sums[column] += count * table[row, column]
        losses[account] = max(0.0, -sums.min())


@numba.njit
def grouped(table, groups, starts, rows, lots, losses):
    sums = np.empty(table.shape[1])
    for account in range(len(losses)):
        loss, at = 0.0, starts[account]
        while at < starts[account + 1]:
            group = groups[rows[at]]
            sums[:] = 0.0
            while at < starts[account + 1] and groups[rows[at]] == group:
                row, count = rows[at], lots[at]
                for column in range(table.shape[1]):
                    sums[column] += count * table[row, column]
                at += 1
            loss += max(0.0, -sums.min())
        losses[account] = loss


@numba.njit
def fills(table, starts, rows, lots, accounts, changes, losses):
    sums = np.empty(table.shape[1])
    for fill in range(len(accounts)):
        start, end = starts[accounts[fill]], starts[accounts[fill] + 1]
        lots[start + fill % (end - start)] += changes[fill]
        sums[:] = 0.0
        for at in range(start, end):
            row, count = rows[at], lots[at]
            for column in range(table.shape[1]):
                sums[column] += count * table[row, column]
        losses[fill] = max(0.0, -sums.min())


def main():
    random = np.random.default_rng(7)
    table = np.rint(random.normal(0.0, 1e5, (ROWS, COLUMNS)))
    groups = np.arange(ROWS) * GROUPS // ROWS
    starts = np.arange(ACCOUNTS + 1, dtype=np.int64) * POSITIONS
    rows = (np.arange(POSITIONS) * (ROWS // POSITIONS) + random.integers(0, ROWS // POSITIONS, (ACCOUNTS, POSITIONS)))
    rows = rows.astype(np.int32).ravel()
    lots = random.integers(-1_000, 1_001, ACCOUNTS * POSITIONS).astype(np.float64)
    losses = np.empty(ACCOUNTS)
    book = scipy.sparse.csr_matrix((lots, rows, starts), shape=(ACCOUNTS, ROWS))

    def by_scipy():
        for start in range(0, ACCOUNTS, CHUNK):
            losses[start : start + CHUNK] = -(book[start : start + CHUNK] @ table).min(axis=1)

    report("scipy", "account_pass", least(by_scipy) / ACCOUNTS)
    report("numba", "account_pass", least(lambda: flat(table, starts, rows, lots, losses)) / ACCOUNTS)
    report("numba", "account_pass_grouped", least(lambda: grouped(table, groups, starts, rows, lots, losses)) / ACCOUNTS)
    batch = min(ACCOUNTS, 200_000)
    accounts, changes, after = random.integers(0, ACCOUNTS, batch), random.integers(-9, 10, batch) * 1.0, np.empty(batch)
    report("numba", "fill", least(lambda: fills(table, starts, rows, lots, accounts, changes, after)) / batch)
    held = np.sort(random.choice(ROWS, 200, replace=False))
    counts = random.integers(-1_000, 1_001, 200).astype(np.float64)

    def check():
        for row in range(100):
            (counts @ table[held] + 5.0 * table[row]).min()

    report("numpy", "pretrade", least(check) / 100)


main()
