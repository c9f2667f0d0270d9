#!/usr/bin/python3
"""Shadows in a running daemon: they change nothing, and what they would have said is counted.

Prints TAP.

usage: test_shadow_daemon.py ANAGRAPHD ANAGRAPH STOCK-POLICY-DIR TEST-POLICY-DIR DIRECTORY
"""
import collections
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from daemons import RANK, chat_primary, conflicts_of, expect, expect_equal, history, main, observed, word

SET_BY_SERVICE = {"recorded_at", "create_time", "update_time"}
DIFFERENCES_TOLD = 20
PATIENT = {"deadline_ms": "10000"}  # what is compared is verdicts, however busy the machine is
ALL_SHADOWED = {**{source: "{id: push_latest, shadow: chat_primary}" for source in RANK}, **PATIENT}


def without_times(value):
    """An answer without the times that the service sets."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in SET_BY_SERVICE}
    return value


def reports(daemon):
    """The last report of each shadow, by source: counts by word, and by (carried out, said)."""
    found = {}
    for line in daemon.prose().splitlines():
        match = re.match(r"anagraphd: shadow (\S+) \((\w+)\): same (\d+), different (\d+)(.*?); (failed .*)$", line)
        if match:
            counts = collections.Counter(same=int(match[3]), different=int(match[4]))
            for said, stood, count in re.findall(r"([A-Z]+) for ([A-Z]+) (\d+)", match[5]):
                counts[stood.lower(), said.lower()] = int(count)
            for name, count in re.findall(r"([a-z ]+) (\d+)", match[6]):
                counts[name.strip()] = int(count)
            found[match[2]] = (match[1], counts)
    return found


def expected_reports(conflicts):
    """What chat_primary says of conflicts that another has decided."""
    counts = {source: collections.Counter() for source in RANK}
    for conflict in conflicts:
        stood, said = word(conflict["verdict"]), chat_primary(conflict)
        source = word(conflict["incoming"]["claim"]["source"])
        counts[source]["same" if stood == said else "different"] += 1
        if stood != said:
            counts[source][stood, said] += 1
    return counts


def await_prose(daemon, pattern, count):
    """Waits until the daemon has said so many lines of a form."""
    while len(re.findall(pattern, daemon.prose())) < count:
        expect(daemon.process.poll() is None, "the daemon ended")
        os.sched_yield()


def check_reports(daemon, conflicts):
    """Each shadow is asked in the order of the store, and what it was not asked when the daemon
    ended is counted as skipped: nothing else may be missing."""
    expected_of = expected_reports(conflicts)
    for source, expected in expected_of.items():
        await_prose(daemon, rf"shadow chat_primary \({source}\): account ",
            min(expected["different"], DIFFERENCES_TOLD))
    expect_equal(daemon.stop(), 0, "exit status")
    found = reports(daemon)
    expect_equal({policy for policy, _ in found.values()}, {"chat_primary"}, "shadows")
    for source, expected in expected_of.items():
        counts = found[source][1]
        skipped = counts.pop("skipped")
        for key, count in counts.items():
            expect(expected[key] - skipped <= count <= expected[key],
                f"the shadow of {source}: {key}: found {count}, expected {expected[key]}, skipped {skipped}: {counts}")
        expect_equal(counts["same"] + counts["different"] + skipped, expected["same"] + expected["different"],
            f"the shadow of {source}: conflicts")


def test_a_shadow_changes_nothing_and_is_counted(house):
    for run in ["worker", "in-process"]:
        events = history(41, 400, list(RANK))
        alone = house.daemon(house.stock, {**{s: "push_latest" for s in RANK}, **PATIENT, "run": run})
        shadowed = house.daemon(house.stock, {**ALL_SHADOWED, "run": run})
        answers = shadowed.identify("shop", events)
        expect_equal(without_times(answers), without_times(alone.identify("shop", events)), f"{run}: answers")
        contacts = shadowed.contacts("shop")
        expect_equal(without_times(contacts), without_times(alone.contacts("shop")), f"{run}: contacts")
        for contact in contacts:
            explain = ["explain", "--account", "shop", "--contact", contact["id"], "--json"]
            expect_equal(without_times(shadowed.run(*explain)), without_times(alone.run(*explain)),
                f"{run}: the story of {contact['id']}")
        conflicts = conflicts_of(answers)
        expect(len(conflicts) > 100, f"only {len(conflicts)} conflicts")
        check_reports(shadowed, conflicts)
        expect_equal(reports(alone), {}, "shadows where there are none")
        said = re.findall(r"shadow chat_primary \((\w+)\): account shop, contact \d+, (VALUE|OWNER|IDENTITY) of "
            r"(\w+|an attribute): ([A-Z]+) was carried out, it says ([A-Z]+) ([A-Z_]*)\n", shadowed.prose())
        expect(0 < len(said) <= DIFFERENCES_TOLD * len(RANK), f"{len(said)} differences told")
        for value in ["example.it", "+39333", "x-1", "chat-1", "first_name-", "city-", "t-1"]:
            expect(value not in shadowed.prose(), f"{value!r} is in the log")


def test_what_is_only_asked_is_not_counted(house):
    events = history(42, 150, list(RANK))
    asked = [{**copy.deepcopy(event), "validate_only": True} for event in events]
    daemon = house.daemon(house.stock, ALL_SHADOWED)
    daemon.identify("shop", asked)
    answers = daemon.identify("shop", events)
    expect(conflicts_of(daemon.identify("shop", asked)), "there was nothing to be asked")
    check_reports(daemon, conflicts_of(answers))


def policies_of_both(house):
    """One directory with all policies."""
    directory = tempfile.mkdtemp(prefix="policies-", dir=house.directory)
    for path in [*house.stock.glob("*.so"), *house.testing.glob("*.so")]:
        shutil.copy(path, directory)
    return directory


def changes(count, words):
    """Conflicts about one contact's city, each in a conversation of its own."""
    return [{"source": "conversations", "observed_at": observed(number), "conversation": words[number % len(words)],
        "identifiers": [{"namespace": "email", "value": "a@example.it"}],
        "attributes": [{"name": "CITY", "string_value": f"city-{number}"}]} for number in range(count)]


def test_a_shadow_that_gives_no_verdict_is_counted(house):
    directory = policies_of_both(house)
    try:
        daemon = house.daemon(directory, {"conversations": "{id: chat_primary, shadow: {id: scripted}}",
            **PATIENT})
        answers = daemon.identify("shop", changes(41, ["KEEP", "FAIL", "OFFER", "DEFER", "TAKE", "NOTHING", "SEPARATE",
            "OFFER"]))
        expect_equal({word(c["verdict"]) for c in conflicts_of(answers)}, {"offer"}, "verdicts")
        expect(not any(c.get("fallback") for c in conflicts_of(answers)), "a fallback")
        await_prose(daemon, r"shadow scripted \(conversations\): account ", 10)  # the last one differs, too
        expect_equal(daemon.stop(), 0, "exit status")
        _, counts = reports(daemon)["conversations"]
        expect_equal({key: count for key, count in counts.items() if count}, {"failed": 5, "deferred": 5,
            "invalid": 10, "same": 10, "different": 10, ("offer", "take"): 5, ("offer", "keep"): 5}, "counts")
    finally:
        shutil.rmtree(directory)


def test_a_shadow_that_crashes_harms_nobody(house):
    directory = policies_of_both(house)
    try:
        daemon = house.daemon(directory,
            {"conversations": '{id: chat_primary, shadow: {id: witness, options: {crash: "1"}}}'})
        answers = daemon.identify("shop", changes(31, ["t-1"]))
        expect_equal([word(c["verdict"]) for c in conflicts_of(answers)], ["offer"] * 30, "verdicts")
        await_prose(daemon, r"policy witness: was ended by signal", 1)
        expect_equal(daemon.stop(), 0, "exit status")
        _, counts = reports(daemon)["conversations"]
        expect(counts["crashed"] >= 1, f"counts: {counts}")
        expect_equal(counts["crashed"] + counts["unavailable"] + counts["skipped"], 30, "counts")
    finally:
        shutil.rmtree(directory)


def test_settings_of_shadows(house):
    directory = tempfile.mkdtemp(prefix="settings-", dir=house.directory)
    path = os.path.join(directory, "settings.yaml")
    try:
        for policies, words in [
                ("contacts: {id: push_latest, shadow: chat_primary}", "ok (0 accounts)"),
                ("contacts: {id: source_rank, options: {push: 3}, shadow: {id: source_rank, options: {push: 2}}}",
                    "ok (0 accounts)"),
                ("run: in-process, contacts: {id: source_rank, shadow: {id: source_rank, options: {push: 2}}}",
                    "the shadow source_rank has options that it has not everywhere"),
                ("run: in-process, contacts: {id: source_rank, shadow: {id: source_rank}}", "ok (0 accounts)"),
                ("contacts: {id: push_latest, shadow: {options: {a: b}}}",
                    "policies.contacts.shadow: has no id: which policy is it?"),
                ("contacts: {id: push_latest, shadow: Chat}", "policies.contacts.shadow: takes a policy's id"),
                ("contacts: {id: push_latest, shadow: {id: chat_primary, shadow: chat_primary}}",
                    "policies.contacts.shadow.shadow"),
                ("contacts: {shadow: chat_primary}", "policies.contacts: has no id: which policy is it?"),
                ("contacts: {id: push_latest, shadow: nosuch}", "nosuch.so")]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"data_dir: {directory}/store\npolicy_dir: {house.stock}\npolicies: {{{policies}}}\n")
            os.chmod(path, 0o600)
            done = subprocess.run([house.anagraphd, "--check-config", "--config", path], capture_output=True, text=True,
                check=False)
            expect(words in done.stdout + done.stderr, f"{policies}: {done.stdout}{done.stderr}")
            expect_equal(done.returncode == 0, words.startswith("ok"), f"{policies}: success")
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main(globals()))
