"""Runs the Black-76 benchmark and its numpy peer on one core in turn, and prints the ratios.

    python3 tools/bench/black76.py

Makes a virtual environment in .venv with numpy and scipy when there is none. The two alternate over
three rounds and each job's best round counts, so that a busy machine disturbs both alike.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
ROUNDS = 3
GOALS = {"price and four Greeks": 8.0, "table cell, rounded": 4.0}


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def environment():
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", ROOT / ".venv")
    if subprocess.run([PYTHON, "-c", "import numpy, scipy"], capture_output=True).returncode:
        run(PYTHON, "-m", "pip", "install", "--quiet", "numpy", "scipy")


def main():
    environment()
    bench = ("cargo", "bench", "--quiet", "-p", "plimsoll-pricing", "--bench", "black76")
    run(*bench, "--no-run")
    best = {}
    for _ in range(ROUNDS):
        for output in (run(*bench), run(PYTHON, ROOT / "tools" / "bench" / "black76_numpy.py")):
            for line in output.splitlines():
                if line.startswith("cpu level"):
                    level = line
                elif line.count("|") == 2:
                    who, job, ns = line.split("|")
                    best[job, who] = min(float(ns), best.get((job, who), float("inf")))
    print(f"{level}; processor time per item, best median of {ROUNDS} rounds")
    for job in dict.fromkeys(job for job, _ in best):
        ours, peer = best[job, "plimsoll"], best[job, "numpy"]
        goal = f"  goal {GOALS[job]:.0f}x" if job in GOALS else ""
        print(f"{job:<24s} plimsoll {ours:7.2f} ns   numpy {peer:7.2f} ns   {peer / ours:5.1f}x{goal}")


main()
