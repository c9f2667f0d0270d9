"""Proves the guard of instruction counts: what it lets pass, what it fails, and that it
says so where it can't tell."""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

GUARD = Path(__file__).parents[2] / "bench" / "instructions" / "guard.py"
FIGURES = Path(__file__).parents[2] / "bench" / "instructions" / "figures.json"

BASE = {
    "compiler": "gcc 12.2.0 x86_64-linux-gnu",
    "valgrind": "valgrind-3.19.0",
    "processor": "avx avx2",
    "libraries": {"liblmdb0": "0.9.24-1"},
    "instructions": {"read": 10000, "write": 60000},
}


def changed(**parts):
    """The figures with something else in them."""
    return {**copy.deepcopy(BASE), **parts}


# What was found, the exit status that it must give, and a word that must be said.
CASES = {
    "the same passes": (BASE, 0, "+0.0 %"),
    "5 % more passes": (changed(instructions={"read": 10500, "write": 60000}), 0, "+5.0 %"),
    "one instruction past 5 % more fails": (
        changed(instructions={"read": 10501, "write": 60000}), 1, "more than 5 % up",
    ),
    "6 % more fails": (changed(instructions={"read": 10000, "write": 63600}), 1, "+6.0 %: more than 5 % up"),
    "6 % more fails where all else is cheaper": (
        changed(instructions={"read": 10600, "write": 30000}), 1, "more than 5 % up",
    ),
    "5 % less passes in silence": (changed(instructions={"read": 9500, "write": 60000}), 0, "-5.0 %\n"),
    "6 % less passes and is told": (changed(instructions={"read": 9400, "write": 60000}), 0, "lower the figure"),
    "a session that is not counted fails": (changed(instructions={"read": 10000}), 1, "not counted"),
    "a session without a figure fails": (
        changed(instructions={"read": 10000, "write": 60000, "list": 1}), 1, "no figure",
    ),
    "nothing counted fails": (changed(instructions={}), 1, "not counted"),
    "another compiler skips": (
        changed(compiler="gcc 13.1.0 x86_64-linux-gnu", instructions={"read": 99999}), 2, "skipped",
    ),
    "another valgrind skips": (changed(valgrind="valgrind-3.22.0"), 2, "skipped"),
    "another kind of processor skips": (changed(processor="avx"), 2, "skipped"),
    "another library is told, and compared all the same": (
        changed(libraries={"liblmdb0": "0.9.31-1"}, instructions={"read": 10600, "write": 60000}), 1, "note: liblmdb0",
    ),
}


def compare(figures, found):
    """What the guard says of figures, and its exit status."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in ("figures.json", "found.json")]
        for path, content in zip(paths, (figures, found)):
            path.write_text(json.dumps(content), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, GUARD, "compare", *paths], capture_output=True, text=True, check=False
        )
    return run.stdout, run.returncode


def judge_case(found, status, word):
    """Why a case fails; empty when it passes."""
    said, exited = compare(BASE, found)
    return "" if exited == status and word in said else f"exit {exited}, not {status}, or no {word!r} in: {said}"


def judge_figures():
    """The figures that are checked in catch a rise of each of them by itself."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    if not figures["instructions"]:
        return "there are no figures"
    for name, number in figures["instructions"].items():
        found = copy.deepcopy(figures)
        found["instructions"][name] = number * 106 // 100
        said, exited = compare(figures, found)
        if exited != 1 or "more than 5 % up" not in said:
            return f"6 % more of {name}: exit {exited}: {said}"
    return ""


def main():
    """Runs the cases and prints TAP."""
    faults = {name: judge_case(*case) for name, case in CASES.items()}
    faults["6 % more of any figure that is checked in fails"] = judge_figures()
    print(f"1..{len(faults)}")
    for number, (name, fault) in enumerate(faults.items(), 1):
        for line in fault.splitlines():
            print(f"# {line}")
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
