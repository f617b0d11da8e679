"""Runs the benchmarks and their peers on this machine in turn, and prints the ratios.

    make bench

Makes a virtual environment in .venv with numpy, scipy and numba when there is none. Ours and the peers alternate over
the rounds and each job's best round counts, so that a busy machine disturbs all alike. Writes target/bench.json: a list
of `{"job", "ours_ns", "peer", "peer_ns", "ratio", "bound_share"}`; nanoseconds are an option's, a whole table's, an
account's, a fill's, a check's, a tick's or a whole simulation's, and the share is of the machine's measured limit, null where none was measured.

ACCOUNTS=100000 make bench    a smaller book
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
ROUNDS = 2
ACCOUNTS = os.environ.get("ACCOUNTS", "1000000")
BENCHES = [("plimsoll-pricing", "black76", []), ("plimsoll-margin", "table", []), ("plimsoll-book", "pass", [ACCOUNTS]),
           ("plimsoll-book", "wake", [ACCOUNTS]), ("plimsoll-book", "monte_carlo", [])]
PEERS = [("numpy_peer.py", []), ("account_peers.py", [ACCOUNTS]), ("monte_carlo_peer.py", [])]
GOALS = {("black76", "numpy"): 8, ("risk_table", "numpy"): 5, ("account_pass", "scipy"): 8, ("account_pass", "numba"): 3.5,
         ("wake", "sweep"): 20, ("monte_carlo", "numpy"): 6}


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return done.stdout


def environment():
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", ROOT / ".venv")
    if subprocess.run([PYTHON, "-c", "import numpy, scipy, numba"], capture_output=True).returncode:
        run(PYTHON, "-m", "pip", "install", "--quiet", "numpy", "scipy", "numba")


def machine():
    info = pathlib.Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else 'an unnamed CPU'}, {os.cpu_count()} cores"


def main():
    environment()
    commands = [("cargo", "bench", "--quiet", "-p", package, "--bench", bench, "--", *args) for package, bench, args in BENCHES]
    commands += [(PYTHON, ROOT / "tools" / "bench" / peer, *args) for peer, args in PEERS]
    best, shares, told = {}, {}, []
    for round_ in range(ROUNDS):
        for command in commands:
            for line in run(*command).splitlines():
                parts = line.split("|")
                if len(parts) < 3:
                    told += [line] if round_ == 0 else []
                    continue
                who, job, nanos = parts[:3]
                if float(nanos) < best.get((job, who), float("inf")):
                    best[job, who] = float(nanos)
                    shares[job, who] = float(parts[3]) if len(parts) > 3 and parts[3] else None
    print(f"{machine()}; {ROUNDS} rounds, the best of each job")
    print("\n".join(told))
    results = []
    for (job, peer), theirs in best.items():
        if peer == "plimsoll" or (job, "plimsoll") not in best:
            continue
        ours, share = best[job, "plimsoll"], shares[job, "plimsoll"]
        results.append({"job": job, "ours_ns": ours, "peer": peer, "peer_ns": theirs, "ratio": theirs / ours, "bound_share": share})
        goal = f"   goal {GOALS[job, peer]}x" if (job, peer) in GOALS else ""
        limit = f"   {share:.0%} of the limit" if share else ""
        print(f"{job:<22s}{ours:>12.1f} ns   {peer:<6s}{theirs:>14.1f} ns{theirs / ours:>8.1f}x{limit}{goal}")
    (ROOT / "target").mkdir(exist_ok=True)
    (ROOT / "target" / "bench.json").write_text(json.dumps(results, indent=1) + "\n")


main()
