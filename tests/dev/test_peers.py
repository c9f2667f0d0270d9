"""Runs the service beside its peers in the small, where they are installed: everything that
is to be measured is, every ratio is told, and nothing is left behind, whether the run ends
by itself or is broken off.

usage: test_peers.py BUILD-DIRECTORY
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SCRIPT = pathlib.Path(__file__).parents[2] / "bench" / "peers" / "peers.sh"
SMALL = ["--contacts", "2000", "--accounts", "20", "--rounds", "2", "--seconds", "0.05", "--any-build"]
SKIPPED = 77
SERIES = 11
RATIOS = 12


def run_peers(build, directory, options):
    """Starts the script with all it makes below the directory."""
    return subprocess.Popen(
        [SCRIPT, build, *options], env={**os.environ, "PEERS_DIR": directory}, stdout=subprocess.PIPE, text=True
    )


def processes_below(directory):
    """Those that name the directory on their command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if directory.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


def left_behind(directory):
    """What there is of files and processes; empty when all is gone. Processes that were
    killed may need a moment."""
    until = time.monotonic() + 20
    while processes_below(directory) and time.monotonic() < until:
        os.sched_yield()
    return [*os.listdir(directory), *processes_below(directory)]


def judge_results(text):
    """Why the results are not whole; empty when they are."""
    lines = [json.loads(line) for line in text.splitlines()]
    rounds = [line for line in lines if line["line"] == "round"]
    summaries = [line for line in lines if line["line"] == "summary"]
    ratios = [line for line in lines if line["line"] == "ratio"]
    if (len(rounds), len(summaries), len(ratios)) != (2 * SERIES, SERIES, RATIOS):
        return f"{len(rounds)} rounds, {len(summaries)} summaries, {len(ratios)} ratios"
    for line in rounds:
        figures = line["figures"]
        if not all(figures[name] > 0 for name in ("calls_per_s", "server_cpu_us_per_call", "p50_us")):
            return f"no figures: {line}"
    for line in ratios:
        if not line["peers"]["redis"] or not line["peers"]["postgres"] or line["rounds"] != 2:
            return f"no versions, or not of both rounds: {line}"
    return ""


def test_whole(build, directory):
    """A run from beginning to end. None when a peer is not installed."""
    run = run_peers(build, directory, SMALL)
    text = run.communicate()[0]
    if run.returncode == SKIPPED:
        return None
    if run.returncode != 0:
        return f"exit {run.returncode}"
    fault = judge_results(text)
    return fault or "".join(f"left behind: {item}" for item in left_behind(directory))


def test_broken_off(build, directory):
    """A run that is ended in its midst, with the first round told."""
    run = run_peers(build, directory, [*SMALL[:-1], "--rounds", "1000", "--any-build"])
    line = run.stdout.readline()
    if not line:
        return "no round was told"
    if len(processes_below(directory)) < 3:
        return "the peers are not there"
    os.kill(run.pid, signal.SIGTERM)
    run.communicate()
    if run.returncode == 0:
        return "it went on"
    return "".join(f"left behind: {item}" for item in left_behind(directory))


def main():
    """Runs the tests and prints TAP."""
    tests = {"a whole run": test_whole, "a run that is broken off": test_broken_off}
    print(f"1..{len(tests)}")
    failures = 0
    for number, (name, test) in enumerate(tests.items(), 1):
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="anagraph-test-peers-") as directory:
            os.chmod(directory, 0o711)
            fault = test(sys.argv[1], directory)
        if fault is None:
            print(f"ok {number} - {name} # SKIP a peer is not installed")
            continue
        failures += 1 if fault else 0
        if fault:
            print(f"# {fault}")
        print(f"{'not ok' if fault else 'ok'} {number} - {name}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
