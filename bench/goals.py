#!/usr/bin/python3
"""The table of goals, from results: what was to be reached, and what was measured.

A ratio is a line that a run wrote itself, of rounds that took turns; nothing is divided
here but the bytes of a store by what its callers send. A goal whose results are not there is
said to be missing, never guessed.

    bench/goals.py RESULTS-DIRECTORY
"""
import json
import pathlib
import sys

GOALS = [
    # What, the aim as a greatest (or least) ratio, the later aim, and the ratio line that tells it.
    ("server CPU of a Resolve over an empty echo of the same process, 1M contacts, uniform",
     "at most", 1.25, "≤ 1.10", ("resolve", "echo", "server_cpu_us_per_call")),
    ("server CPU a look-up of BatchResolve of 256 over Redis doing two MGETs",
     "at most", 1.0, "≤ 0.5", ("anagraph batch-resolve", "redis mget", "server_cpu_us_per_lookup")),
    ("server CPU of CountContacts at 10M contacts over 10 contacts",
     "at most", 1.1, "≤ 1.1", ("count of 10m", "count of 10", "server_cpu_us_per_call")),
    ("durable Identify a second, 64 callers, over PostgreSQL SERIALIZABLE doing the same work",
     "at least", 1.5, "≥ 5", ("anagraph identify one", "postgres one", "calls_per_s")),
    ("server CPU of a Resolve at 10M contacts over 1M",
     "at most", 1.5, "≤ 1.2", ("resolve of 10m", "resolve of 1m", "server_cpu_us_per_call")),
]
STORED = ("bytes on disk a contact over the bytes its caller sent", "at most", 4.0, "≤ 2")


def read(directory):
    """Every line of every file of results, with the file's name; what was measured quickly, on a
    small store, reaches no goal."""
    lines = []
    for path in sorted(pathlib.Path(directory).glob("*.jsonl")):
        if path.stem == "quick":
            continue
        for text in path.read_text(encoding="utf-8").splitlines():
            lines.append((path.name, json.loads(text)))
    return lines


def find_ratio(lines, of, over, figure):
    """The last such ratio, since a run that was repeated stands behind the first."""
    found = None
    for name, line in lines:
        if line["line"] == "ratio" and (line["of"], line["over"], line["figure"]) == (of, over, figure):
            found = (name, line)
    return found


def find_summary(lines, series, contacts):
    found = None
    for name, line in lines:
        if line["line"] == "summary" and line["name"] == series:
            if line["settings"]["data"]["contacts"] == contacts:
                found = (name, line)
    return found


def reached(kind, aim, value):
    return value <= aim if kind == "at most" else value >= aim


def row(what, kind, aim, later, measured, value):
    sign = "≤" if kind == "at most" else "≥"
    verdict = "–" if value is None else "yes" if reached(kind, aim, value) else "**no**"
    return f"| {what} | {sign} {aim:g} | {later} | {measured} | {verdict} |"


def stored_row(lines):
    what, kind, aim, later = STORED
    found = find_summary(lines, "load", 1000000)
    if found is None:
        return row(what, kind, aim, later, "not measured", None)
    figures = {name: spread["median"] for name, spread in found[1]["figures"].items()}
    stored = figures["store_bytes_per_contact"]
    value = stored / figures["sent_bytes_per_contact"]
    values = stored / figures["value_bytes_per_contact"]
    measured = (
        f"{value:.2f} ({stored:.0f} bytes for a message of {figures['sent_bytes_per_contact']:.0f}; "
        f"{values:.2f} over the {figures['value_bytes_per_contact']:.0f} bytes of its values alone)"
    )
    return row(what, kind, aim, later, measured, value)


def goal_row(lines, goal):
    what, kind, aim, later, key = goal
    found = find_ratio(lines, *key)
    if found is None:
        return row(what, kind, aim, later, "not measured", None)
    ratio = found[1]["ratio"]
    measured = (
        f"{ratio['median']:.2f} ({ratio['least']:.2f}–{ratio['greatest']:.2f}, "
        f"{found[1]['rounds']} rounds, {found[0]})"
    )
    return row(what, kind, aim, later, measured, ratio["median"])


def context(lines):
    """Where and with what, from whatever says so; more than one machine or build is told."""
    said = []
    for _, line in lines:
        if "machine" not in line:
            continue
        machine, versions = line["machine"], line["versions"]
        text = (
            f"{line['time'][:10]}, {machine['processor']}, {machine['processors']} processors, "
            f"{machine['memory_bytes'] / 2**30:.0f} GiB, Linux {machine['kernel']}, {machine['system']}; "
            f"anagraph {versions['anagraph']} ({versions['commit']}, {versions['build']}), "
            f"gRPC {versions['grpc']}, LMDB {versions['lmdb']}"
        )
        if text not in said:
            said.append(text)
    syncs = [line["sync_us"]["median"] for _, line in lines if isinstance(line.get("sync_us"), dict)]
    if syncs:
        said.append(f"a write of 4 KiB and its sync: {min(syncs):.0f}–{max(syncs):.0f} µs (medians of the runs)")
    return said


def main():
    lines = read(sys.argv[1])
    if not lines:
        sys.exit("goals: there are no results")
    print("\n".join(context(lines)))
    print("\n| goal | aim | one day | measured ratio: median (least–greatest) | reached |")
    print("| --- | --- | --- | --- | --- |")
    for goal in GOALS:
        print(goal_row(lines, goal))
    print(stored_row(lines))
    print("\nCommands: `./dev bench`, or by part `./dev bench load read growth peers goals`.")


if __name__ == "__main__":
    main()
