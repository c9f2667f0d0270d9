"""Proves the count that ./dev test ends with, on logs as meson writes them: TAP on
standard output, one case a line."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TALLY = Path(__file__).with_name("tally.py")


def program(result, stdout=""):
    """One program's entry in meson's log."""
    return {"name": "program", "result": result, "stdout": stdout}


CASES = {
    "passed tests are counted one by one": (
        [program("OK", "1..2\nok 1 - a\nok 2 - b\n"), program("OK", "1..1\nok 1 - c\n")],
        0,
        "3 passed, 0 failed",
    ),
    "a failed test fails the run": (
        [program("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n")],
        1,
        "1 passed, 1 failed",
    ),
    "a program that exits with its failures counts them once": (
        [program("ERROR", "1..2\nnot ok 1 - a\nnot ok 2 - b\n")],
        1,
        "0 passed, 2 failed",
    ),
    "a program that breaks off is one failure": (
        [program("ERROR", "1..9\nok 1 - a\n")],
        1,
        "1 passed, 1 failed",
    ),
    "a program that breaks off after a failure is one more": (
        [program("ERROR", "1..9\nnot ok 1 - a\n")],
        1,
        "0 passed, 2 failed",
    ),
    "a program that hangs is a failure": (
        [program("TIMEOUT", "ok 1 - a\nok 2 - b\n")],
        1,
        "2 passed, 1 failed",
    ),
    "a program that dies without a word is a failure": (
        [program("FAIL"), program("OK", "1..1\nok 1 - a\n")],
        1,
        "1 passed, 1 failed",
    ),
    "a skipped test is said to be": (
        [program("OK", "1..2\nok 1 - a\nok 2 - b # SKIP no network\n")],
        0,
        "1 passed, 0 failed, 1 skipped",
    ),
    "a program that skips itself passes nothing": (
        [program("SKIP", "1..0 # SKIP\n"), program("OK", "ok 1\n1..1\n")],
        0,
        "1 passed, 0 failed, 1 skipped",
    ),
    "a program without TAP is one test": ([program("OK", "hello\n")], 0, "1 passed, 0 failed"),
    "what a test says is not a result": (
        [program("OK", "1..1\n# not ok yet\n    ok 1 - inner\nokay\nok 1 - a\n")],
        0,
        "1 passed, 0 failed",
    ),
    "nothing run is a failure": ([], 0, "0 passed, 1 failed"),
    "only skipped is a failure": ([program("SKIP")], 0, "0 passed, 1 failed, 1 skipped"),
    "a run that fails as a whole is a failure": (
        [program("OK", "1..1\nok 1 - a\n")],
        1,
        "1 passed, 1 failed",
    ),
    "no log at all is a failure": (None, 0, "0 passed, 1 failed"),
}


def outcome(entries, status):
    """What the tally prints for a log, and whether it is content."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "testlog.json")
        if entries is not None:
            log.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, TALLY, log, str(status)], capture_output=True, text=True, check=False
        )
    return run.stdout, run.returncode


def main():
    """Runs the cases and prints TAP."""
    failures = 0
    print(f"1..{len(CASES)}")
    for number, (name, (entries, status, line)) in enumerate(CASES.items(), 1):
        expected = (line + "\n", 0 if " 0 failed" in line else 1)
        found = outcome(entries, status)
        if found != expected:
            failures += 1
            print(f"# expected {expected}, found {found}")
        print(f"{'ok' if found == expected else 'not ok'} {number} - {name}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
