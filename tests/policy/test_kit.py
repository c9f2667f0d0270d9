#!/usr/bin/python3
"""anagraph-policy-check finds what each check is there to find, and nothing else.

For every check there is a policy in bad/ that is wrong in that one way: exactly that check
must fail, and all others pass. Policies that are in order must pass every check. Prints
TAP.

usage: test_kit.py POLICY-CHECK BAD-DIR GOOD.so[:OPTION=VALUE]...
"""
import json
import pathlib
import subprocess
import sys

SEEDS = [1, 20240131]


def run(command, *arguments):
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


def check_names(command):
    listed = run(command, "--list")
    return [line.split()[0] for line in listed.stdout.splitlines()]


def report(command, policy, *arguments):
    """What it says of a policy: its exit status, and by check the outcome and the detail."""
    done = run(command, "--json", *arguments, policy)
    lines = json.loads(done.stdout)["checks"]
    return done.returncode, {line["check"]: (line["outcome"], line.get("detail", "")) for line in lines}


def culprit(names, module):
    """The check whose name a bad policy bears: bounds_options is for bounds."""
    return max((name for name in names if module == name or module.startswith(name + "_")), key=len, default=None)


class Tests:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def tell(self, name, faults):
        self.count += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name}")
        for fault in faults:
            print(f"# {fault}")


def bad_faults(command, names, policy, seed):
    expected = culprit(names, policy.stem)
    status, found = report(command, policy, "--seed", seed, "--option", "mode=x")
    faults = [] if status == 1 else [f"exit status {status}"]
    if set(found) != set(names):
        faults.append(f"checks are missing: {set(names) - set(found)}")
    for name, (outcome, detail) in found.items():
        good = {"fail", "crash"} if name == expected else {"pass"}
        if (name == "order" or (name, expected) == ("stride", "options")) and name != expected:
            good = {"skip"}
        if outcome not in good:
            faults.append(f"{name}: {outcome} {detail}")
    return faults


def good_faults(command, names, policy, options, seed):
    arguments = [word for option in options for word in ("--option", option)]
    status, found = report(command, policy, "--seed", seed, *arguments)
    faults = [] if status == 0 else [f"exit status {status}"]
    if set(found) != set(names):
        faults.append(f"checks are missing: {set(names) - set(found)}")
    skips = {"order"} if options else {"order", "stride"}
    for name, (outcome, detail) in found.items():
        if outcome != "pass" and not (outcome == "skip" and name in skips):
            faults.append(f"{name}: {outcome} {detail}")
    return faults


def expect(found, outcome, text):
    (seen, detail), = found.values()
    return [] if seen == outcome and text in detail else [f"{seen}: {detail}"]


def test_runner(tests, command, bad_dir):
    """What becomes of a check that never ends, or whose process does."""
    one = ["--check", "options", "--limit", 1]
    _, found = report(command, bad_dir / "hangs.so", *one)
    tests.tell("one that hangs is ended and told", expect(found, "fail", "not done after 1 s; it was at: create"))
    _, found = report(command, bad_dir / "exits.so", *one)
    tests.tell("one that ends the process is told", expect(found, "crash", "ended the process with status 0"))
    _, found = report(command, bad_dir / "read_only.so", "--check", "read_only")
    tests.tell("a crash says where", expect(found, "crash", "SIGSEGV at: decide, conflict 0"))
    status, found = report(command, __file__, "--check", "load", "--check", "cell")
    faults = [] if status == 1 and found["load"][0] == "fail" and found["cell"][0] == "skip" else [str(found)]
    tests.tell("what is no policy fails to load, and the rest is skipped", faults)
    same = [run(command, "--seed", 7, bad_dir / "threads.so", "--check", "edges").stdout for _ in range(2)]
    tests.tell("a seed says the same again", [] if same[0] == same[1] and "seed 7" in same[0] else same)


def test_usage(tests, command, bad_dir):
    good = bad_dir / "good.so"
    for name, arguments, text in [
        ("no file", [], "expected one FILE.so"),
        ("two files", [good, good], "expected one FILE.so"),
        ("a file that is not there", [bad_dir / "none.so"], "No such file"),
        ("an unknown check", ["--check", "luck", good], "there is no such check"),
        ("a seed that is no number", ["--seed", "x", good], "expected a number"),
        ("a seed past 64 bits", ["--seed", "18446744073709551616", good], "expected a number"),
        ("a limit of nothing", ["--limit", "0", good], "expected seconds"),
        ("an option without a value", ["--option", "mode", good], "expected NAME=VALUE"),
        ("65 options", ["--option", "mode=x"] * 65 + [good], "at most 64"),
        ("an unknown flag", ["--luck", good], "no such option"),
    ]:
        done = run(command, *arguments)
        told = done.returncode == 2 and text in done.stderr and done.stdout == ""
        tests.tell(f"misused: {name}", [] if told else [f"{done.returncode} {done.stdout} {done.stderr}"])
    done = run(command, *["--option", "mode=x"] * 64, "--check", "options", good)
    tests.tell("64 options are taken", [] if done.returncode == 0 else [done.stdout])
    done = run(command, good, "--check", "cell")
    again = run(command, "--seed", 5, "--option", "mode=x", "--check", "load", bad_dir / "load.so").stdout
    told = f"--seed 5 --check load --option mode=x {bad_dir / 'load.so'}" in again and "0 passed, 1 failed" in again
    tests.tell("what failed can be seen again", [] if told else [again])
    table = "pass   cell" in done.stdout and "good: 1 passed; seed" in done.stdout
    tests.tell("the table for people", [] if table and done.returncode == 0 else [done.stdout])


def main():
    command, bad_dir, good = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
    names = check_names(command)
    bad = [path for path in sorted(bad_dir.glob("*.so")) if path.stem not in {"good", "hangs", "exits"}]
    tests = Tests()
    without = sorted(set(names) - {culprit(names, path.stem) for path in bad})
    tests.tell("every check has a policy that it rejects", without)
    tests.tell("every bad policy has its check", [path.stem for path in bad if culprit(names, path.stem) is None])
    for path in bad:
        faults = [fault for seed in SEEDS for fault in bad_faults(command, names, path, seed)]
        tests.tell(f"{path.stem} is rejected by {culprit(names, path.stem)} alone", faults)
    for argument in [str(bad_dir / "good.so"), *good]:
        path, *options = argument.split(":")
        faults = [fault for seed in SEEDS for fault in good_faults(command, names, path, options, seed)]
        tests.tell(" ".join([pathlib.Path(path).stem, *options, "passes"]), faults)
    test_runner(tests, command, bad_dir)
    test_usage(tests, command, bad_dir)
    print(f"1..{tests.count}")
    return 1 if tests.failed or not bad else 0


if __name__ == "__main__":
    sys.exit(main())
