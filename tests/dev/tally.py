"""Counts what a run of the tests came to, test by test instead of program by program.

usage: tally.py TESTLOG.JSON STATUS

TESTLOG.JSON is what `meson test` leaves behind, STATUS its exit status. The last line
printed is "N passed, N failed", with ", N skipped" when some were. The exit status is
0 only when something passed and nothing failed. A program that crashed, hung or broke
off counts as a failure beside those it reported; so does a run that failed as a whole.
"""

import json
import re
import sys

RESULT = re.compile(r"^(not )?ok\b(?P<rest>.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIP = re.compile(r"#\s*skip", re.IGNORECASE)
GOOD = ("OK", "SKIP", "EXPECTEDFAIL")


def tally_program(entry):
    """Counts one program: (passed, failed, skipped)."""
    passed = failed = skipped = 0
    planned = None
    for line in (entry.get("stdout") or "").splitlines():
        plan = PLAN.match(line)
        result = RESULT.match(line)
        if plan:
            planned = int(plan.group(1))
        elif result and result.group(1):
            failed += 1
        elif result and SKIP.search(result.group("rest")):
            skipped += 1
        elif result:
            passed += 1
    seen = passed + failed + skipped
    if entry["result"] not in GOOD:
        broke_off = planned is not None and seen < planned
        if failed == 0 or broke_off or entry["result"] == "TIMEOUT":
            failed += 1
    elif seen == 0 and entry["result"] == "SKIP":
        skipped = 1
    elif seen == 0 and planned is None:
        passed = 1
    return passed, failed, skipped


def main():
    """Prints the count of a log and gives the exit status."""
    path, status = sys.argv[1], int(sys.argv[2])
    total = (0, 0, 0)
    try:
        with open(path, encoding="utf-8") as log:
            for line in log:
                counted = tally_program(json.loads(line))
                total = tuple(a + b for a, b in zip(total, counted))
    except FileNotFoundError:
        status = status or 1
    passed, failed, skipped = total
    if failed == 0 and (status != 0 or passed == 0):
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
