"""Counts the instructions of the inner jobs and compares them with what is recorded: a gate that no busy machine moves.

    tools/ci/instructions.py            compare with tools/ci/instructions.json
    BLESS=1 tools/ci/instructions.py    record what is counted

valgrind shows every machine as one with AVX2 and without AVX-512, so the counts are the same on all. Another compiler
or C library may move them a little: up to a tenth more passes.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tools" / "ci" / "instructions.json"
ALLOWED = 1.1
JOBS = [
    ("account_pass", "portable"),
    ("account_pass", "avx2"),
    ("account_pass_grouped", "avx2"),
    ("fill", "avx2"),
    ("prepare", "avx2"),
    ("plimsoll", "avx2"),
    ("deribit-portfolio", "avx2"),
    ("derive-pmrm2", "avx2"),
    ("okx-portfolio", "avx2"),
]


def binary():
    command = ["cargo", "bench", "--quiet", "-p", "plimsoll-book", "--bench", "gate", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines() if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "gate")


def count(gate, job, level):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--toggle-collect=gate::counted*", f"--callgrind-out-file={folder}/out"]
        done = subprocess.run([*command, gate, job, level], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found or int(found[1]) == 0:
        sys.exit(f"{job} {level}: nothing was counted:\n{done.stderr}")
    return int(found[1])


def main():
    gate = binary()
    counts = {f"{job} {level}": count(gate, job, level) for job, level in JOBS}
    if os.environ.get("BLESS"):
        RECORDED.write_text(json.dumps(counts, indent=1) + "\n")
    recorded = json.loads(RECORDED.read_text())
    failed = 0
    for job, now in counts.items():
        then = recorded.get(job)
        wrong = then is None or now > ALLOWED * then
        failed += wrong
        print(f"test instructions of {job}: {now:,}, recorded {then or 0:,} ... {'FAILED' if wrong else 'ok'}")
    print(f"test result: {'FAILED' if failed else 'ok'}. {len(counts) - failed} passed; {failed} failed;")
    sys.exit(failed > 0)


main()
