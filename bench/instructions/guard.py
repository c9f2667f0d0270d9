"""Guards what a call costs, in instructions, which unlike time repeat themselves.

usage: guard.py count BUILD-DIRECTORY
       guard.py compare FIGURES FOUND

The first runs the sessions of anagraph-instructions under callgrind and writes, as JSON,
the instructions of a call of each and what they depend on. The second compares such a
file with the figures that are checked in: a session that costs more than 5 % more fails,
and so does one that is on one side alone; one that costs more than 5 % less is told, for
its figure should be lowered. Where compiler, valgrind or the kind of processor are others
than when the figures were taken, nothing can be said: that is told, and fails nothing.
The exit status is 0, 1 for a failure, 2 when there is nothing to compare.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

MOST_PERCENT = 5
# What has to be the same for counts to be comparable; what else tells something about them.
CONDITIONS = ("compiler", "valgrind", "processor")
LIBRARIES = ("libc6", "libgrpc29", "liblmdb0", "liblz4-1", "libphonenumber8", "libprotobuf-c1", "libsodium23", "libxxhash0")
TRIGGER = re.compile(r"^desc: Trigger: Client Request: (\S+)$", re.MULTILINE)
TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def output_of(*command):
    """What a command writes to standard output."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def processor():
    """What valgrind shows programs of this processor: they choose their loops by it."""
    flags = re.search(r"^flags\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii"), re.MULTILINE)
    names = flags.group(1).split() if flags else []
    return " ".join(name for name in ("avx", "avx2") if name in names) or "plain"


def versions():
    """The versions of the libraries whose instructions are counted along."""
    lines = output_of("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *LIBRARIES)
    return dict(line.split() for line in lines.splitlines())


def run_sessions(build):
    """Runs the sessions: the instructions of a call, by session."""
    # On the disk of the build: the store wants more room free than /dev/shm may have.
    with tempfile.TemporaryDirectory(dir=build, prefix="instructions-") as directory:
        calls = output_of(
            "valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--fair-sched=yes",
            f"--callgrind-out-file={directory}/callgrind",
            f"{build}/bench/instructions/anagraph-instructions", f"{directory}/store", f"{build}/plugins",
        )
        totals = {}
        for path in pathlib.Path(directory).glob("callgrind.*"):
            text = path.read_text(encoding="utf-8")
            trigger, total = TRIGGER.search(text), TOTALS.search(text)
            if trigger and total:
                totals[trigger.group(1)] = int(total.group(1))
    counts = (line.split() for line in calls.splitlines())
    return {name: round(totals[name] / int(count)) for name, count in counts}


def count(build):
    """All that is checked in."""
    return {
        "compiler": f"gcc {output_of('gcc', '-dumpfullversion').strip()} {output_of('gcc', '-dumpmachine').strip()}",
        "valgrind": output_of("valgrind", "--version").strip(),
        "processor": processor(),
        "libraries": versions(),
        "instructions": run_sessions(build),
    }


def judge(figure, found):
    """A word about one session, and whether it fails."""
    if figure is None or found is None:
        return "no figure" if figure is None else "not counted", True
    change = 100 * (found / figure - 1)
    if found * 100 > figure * (100 + MOST_PERCENT):
        return f"{change:+.1f} %: more than {MOST_PERCENT} % up", True
    if found * 100 < figure * (100 - MOST_PERCENT):
        return f"{change:+.1f} %: lower the figure", False
    return f"{change:+.1f} %", False


def compare(figures, found):
    """Prints the comparison and gives the exit status."""
    for condition in CONDITIONS:
        if figures[condition] != found[condition]:
            print(f"skipped: the figures were taken with {condition} {figures[condition]}, here is {found[condition]}")
            return 2
    names = sorted({*figures["instructions"], *found["instructions"]})
    failed = not names
    for name in names:
        pair = figures["instructions"].get(name), found["instructions"].get(name)
        word, fails = judge(*pair)
        failed = failed or fails
        figure, now = (f"{'-' if number is None else number:>9}" for number in pair)
        print(f"{name:<20} {figure} -> {now}  {word}")
    for library in LIBRARIES:
        versions_of = [side["libraries"].get(library, "none") for side in (figures, found)]
        if versions_of[0] != versions_of[1]:
            print(f"note: {library} was {versions_of[0]}, here is {versions_of[1]}")
    return 1 if failed else 0


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "count":
        print(json.dumps(count(sys.argv[2]), indent=2))
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "compare":
        return compare(read(sys.argv[2]), read(sys.argv[3]))
    print(__doc__, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
