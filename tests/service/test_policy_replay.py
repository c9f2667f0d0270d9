#!/usr/bin/python3
"""`anagraph policy replay` on the stores of running daemons.

Whatever it says is held against something that knows nothing of it: a policy that hashes
all that it is shown, the answers that the daemon gave at the time, and a second daemon that
took the same events in under the other policy. Prints TAP.

usage: test_policy_replay.py ANAGRAPHD ANAGRAPH STOCK-POLICY-DIR TEST-POLICY-DIR DIRECTORY
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import sys

from daemons import KINDS, RANK, chat_primary, conflicts_of, expect, expect_equal, history, main, observed, word

def matrix(report):
    """Counts by kind, stored verdict and replayed verdict."""
    counts = collections.Counter()
    for kind in KINDS:
        for stored, row in report["conflicts"][kind]["verdicts"].items():
            for replayed, count in row.items():
                counts[kind, stored, replayed] = count
    return counts


def totals_of(counted):
    return {name: int(counted.get(name, 0)) for name in
        ["identified", "anonymous_push", "anonymous_chat", "contacts_page_total", "home_page_total"]}


def some_totals(course):
    return {name: course[name] for name in
        ["identified", "anonymous_push", "anonymous_chat", "contacts_page_total", "home_page_total"]}


def operate(daemon, account, seed, count):
    """Operators promote, dismiss and merge at random."""
    chance = random.Random(seed)
    done = collections.Counter()
    for _ in range(count):
        contacts = daemon.contacts(account)
        offering = [c for c in contacts if c.get("secondaries")]
        act = chance.choice(["promote", "dismiss", "merge"])
        try:
            if act == "merge":
                one, other = chance.sample(contacts, 2)
                daemon.run("merge", "--account", account, "--survivor", one["id"], "--survivor-version",
                    one["version"], "--absorbed", other["id"], "--absorbed-version", other["version"],
                    "--operator", "anna")
            elif offering:
                contact = chance.choice(offering)
                secondary = chance.choice(contact["secondaries"])
                daemon.run(act, "--account", account, "--contact", contact["id"], "--secondary", secondary["id"],
                    "--contact-version", contact["version"], "--operator", "anna")
            done[act] += 1
        except RuntimeError as error:
            if "IDENTIFIER_OWNED" not in str(error):
                raise
    return done


def held(contacts):
    """How often each name and value is held, devices and aliases included."""
    counts = collections.Counter()
    for contact in contacts:
        for identifier in contact.get("identifiers", []):
            counts[identifier["namespace"], json.dumps(identifier["value"])] += 1
        for attribute in contact.get("attributes", []):
            value = next(v for k, v in attribute.items() if k.endswith("_value"))
            counts[attribute["name"], json.dumps(value)] += 1
    return counts


def store_hash(data_dir):
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(data_dir).rglob("data.mdb")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


WITNESSES = {"contacts": "witness", "conversations": "witness", "push": "witness"}


def test_the_policy_that_decided_decides_the_same(house):
    """Every conflict is shown again byte for byte: the witness would notice."""
    for seed in [1, 2]:
        daemon = house.daemon(house.testing, WITNESSES)
        answers = daemon.identify("shop", history(seed, 500, list(RANK)))
        acts = operate(daemon, "shop", seed, 25)
        answers += daemon.identify("shop", history(seed + 100, 300, list(RANK)))
        conflicts = conflicts_of(answers)
        before = store_hash(daemon.data_dir)
        differences, report = house.replay(house.testing / "witness.so", "--account", "shop", "--data-dir",
            daemon.data_dir)
        expect_equal(store_hash(daemon.data_dir), before, "the store's bytes")
        kinds = collections.Counter(word(c["kind"]) for c in conflicts)
        for kind in KINDS:
            expect(kinds[kind] > 10, f"seed {seed}: only {kinds[kind]} conflicts of {kind}")
        expect(any("displaced" in c for c in conflicts) and any("device" in c for c in conflicts) and
            any(c.get("incoming_contact_id") for c in conflicts), "a claim of some sort was never shown")
        expected = collections.Counter((word(c["kind"]), word(c["verdict"]), word(c["verdict"])) for c in conflicts)
        expect_equal(matrix(report), expected, f"seed {seed}: verdicts")
        fallbacks = collections.Counter(c["fallback"] for c in conflicts if c.get("fallback"))
        expect_equal(report["fallbacks"], {"policy_failed": fallbacks["POLICY_FAILED"],
            "policy_deferred": fallbacks["POLICY_DEFERRED"], "verdict_invalid": fallbacks["VERDICT_INVALID"]},
            "fallbacks")
        expect(all(fallbacks.values()) and len(fallbacks) == 3, f"fallbacks that were met: {fallbacks}")
        expect_equal(report["other_reasons"], 0, "reasons, which are hashes of all that was shown")
        expect_equal([report["conflicts"][k]["not_known_any_more"] for k in KINDS], [0, 0, 0], "unknown")
        expect_equal(differences, [], "differences")
        expect_equal([report[n] for n in ["contacts_differing", "names_differing", "asked_anew", "assumed",
            "acts_lost"]], [0] * 5, "what follows")
        expect_equal(report["totals"]["as_replayed"], report["totals"]["as_decided"], "totals")
        expect(sum(acts.values()) > 10, f"acts: {acts}")
        print(f"# seed {seed}: {len(conflicts)} conflicts, {dict(acts)}, {report['contacts_astray']} of "
            f"{report['contacts_stored']} contacts astray")


def test_a_course_ends_as_the_store_when_the_journal_has_everything(house):
    daemon = house.daemon(house.testing, WITNESSES)
    daemon.identify("shop", history(5, 500, list(RANK), every_event_tells=True))
    operate(daemon, "shop", 5, 25)
    contacts = daemon.contacts("shop")
    _, report = house.replay(house.testing / "witness.so", "--account", "shop", "--data-dir", daemon.data_dir,
        "--option", "salt=x")
    expect_equal(report["contacts_astray"], 0, "contacts astray")
    expect_equal(report["contacts_stored"], len(contacts), "contacts")
    counted = totals_of(daemon.run("count", "--account", "shop")[0])
    expect_equal(some_totals(report["totals"]["as_decided"]), counted, "totals")
    expect_equal(report["totals"]["as_decided"]["secondaries"], sum(len(c.get("secondaries", [])) for c in contacts),
        "secondaries")
    for way in ["email", "sms", "whatsapp", "push"]:
        expect_equal(report["totals"]["as_decided"]["reach_" + way],
            sum(f"REACH_{way.upper()}" in c.get("reach", []) or way in c.get("reach", []) for c in contacts),
            f"reach {way}")
    expect(report["contacts_differing"] > 0, "another salt changes nothing")


def test_another_policy_ends_as_a_daemon_that_had_it(house):
    """A second daemon takes the same events in, under the policy that is replayed."""
    for seed, first, second in [(11, "push_latest", "chat_primary"), (12, "chat_primary", "push_latest"),
            (13, "longest_name", "push_latest")]:
        events = history(seed, 600, list(RANK), every_event_tells=True)
        one = house.daemon(house.stock, {source: first for source in RANK})
        other = house.daemon(house.stock, {source: second for source in RANK})
        conflicts = conflicts_of(one.identify("shop", events))
        other.identify("shop", events)
        differences, report = house.replay(house.stock / f"{second}.so", "--account", "shop", "--data-dir",
            one.data_dir)
        if second == "chat_primary":
            expected = collections.Counter((word(c["kind"]), word(c["verdict"]), chat_primary(c)) for c in conflicts)
            expect_equal(matrix(report), expected, "verdicts")
        expect_equal(sum(matrix(report).values()), len(conflicts), "conflicts decided again")
        expect_equal(report["contacts_astray"], 0, "contacts astray")
        contacts = other.contacts("shop")
        expect_equal(some_totals(report["totals"]["as_replayed"]),
            totals_of(other.run("count", "--account", "shop")[0]), f"{first} to {second}: totals")
        expect_equal(report["totals"]["as_replayed"]["secondaries"],
            sum(len(c.get("secondaries", [])) for c in contacts), "secondaries")
        expected = held(contacts)
        found = held(one.contacts("shop"))
        for difference in differences:
            if "name" in difference:
                found[difference["name"], json.dumps(difference["as_decided"])] -= 1
                found[difference["name"], json.dumps(difference["as_replayed"])] += 1
        expected.subtract(found)
        wrong = {key: count for key, count in expected.items() if key[1] != "null" and count != 0}
        expect_equal(wrong, {}, f"{first} to {second}: what is held")
        expect_equal(report["names_differing"], sum("name" in d for d in differences), "names")
        expect_equal(report["contacts_differing"], len({d["contact_id"] for d in differences}), "contacts")
        print(f"# {first} to {second}: {len(conflicts)} conflicts, {report['contacts_differing']} contacts differ")


def test_sources_and_times_are_left_alone(house):
    daemon = house.daemon(house.stock, {source: "push_latest" for source in RANK})
    conflicts = conflicts_of(daemon.identify("shop", history(21, 400, list(RANK))))
    recorded = sorted(c["incoming"]["claim"]["recorded_at"] for c in conflicts)
    since = recorded[len(recorded) // 2]
    _, report = house.replay(house.stock / "chat_primary.so", "--account", "shop", "--config", daemon.config,
        "--source", "conversations", "--source", "push", "--since", since)
    asked = [c for c in conflicts if word(c["incoming"]["claim"]["source"]) != "contacts"]
    # An absorbed value's claim is older than the event that raises the conflict.
    least = [c for c in asked if c["incoming"]["claim"]["recorded_at"] >= since]
    count = sum(matrix(report).values())
    expect(len(least) <= count < len(asked), f"{count} decided again, of {len(least)} to {len(asked)}")
    expect_equal(count + sum(report["conflicts"][k]["left"] for k in KINDS), len(conflicts), "all of them")


def test_what_was_erased_is_counted_and_not_told(house):
    daemon = house.daemon(house.stock, {source: "push_latest" for source in RANK})
    daemon.identify("shop", [
        {"source": "contacts", "observed_at": observed(10), "identifiers": [
            {"namespace": "email", "value": "canary@example.it"}, {"namespace": "phone", "value": "+393331234599"}]},
        {"source": "contacts", "observed_at": observed(20), "identifiers": [
            {"namespace": "email", "value": "b@example.it"}]},
        {"source": "contacts", "observed_at": observed(5), "identifiers": [
            {"namespace": "email", "value": "b@example.it"}, {"namespace": "phone", "value": "+393331234599"}]},
        {"source": "contacts", "observed_at": observed(30), "identifiers": [
            {"namespace": "email", "value": "b@example.it"}], "attributes": [{"name": "CITY", "string_value": "Roma"}]},
        {"source": "contacts", "observed_at": observed(40), "identifiers": [
            {"namespace": "email", "value": "b@example.it"}], "attributes": [{"name": "CITY", "string_value": "Bari"}]},
    ])
    _, report = house.replay(house.stock / "chat_primary.so", "--account", "shop", "--data-dir", daemon.data_dir)
    expect_equal(matrix(report), {("owner", "keep", "offer"): 1, ("value", "take", "offer"): 1}, "before")
    daemon.run("erase", "--account", "shop", "--contact", 1, "--operator", "anna")
    differences, report = house.replay(house.stock / "chat_primary.so", "--account", "shop", "--data-dir",
        daemon.data_dir)
    expect_equal(matrix(report), {("value", "take", "offer"): 1}, "after")
    expect_equal(report["conflicts"]["owner"]["not_known_any_more"], 1, "unknown")
    expect_equal(differences, [{"contact_id": 2, "name": "CITY", "as_decided": "Bari", "as_replayed": "Roma"}],
        "differences")
    done = house.attempt(house.stock / "chat_primary.so", "--account", "shop", "--data-dir", daemon.data_dir)
    expect("canary" not in done.stdout and "1234599" not in done.stdout, "an erased value is told")
    expect("cannot be decided again" in done.stdout, "no word of what was erased")


def test_a_page_for_people(house):
    daemon = house.daemon(house.stock, {"conversations": "chat_primary"})
    daemon.identify("shop", [
        {"source": "conversations", "observed_at": observed(10), "identifiers": [
            {"namespace": "email", "value": "a@example.it"}], "attributes": [{"name": "CITY", "string_value": "Roma"}]},
        {"source": "conversations", "observed_at": observed(20), "identifiers": [
            {"namespace": "email", "value": "a@example.it"}], "attributes": [{"name": "CITY", "string_value": "Bari"}]},
        {"source": "conversations", "observed_at": observed(30), "identifiers": [
            {"namespace": "chat", "value": "v-1"}, {"namespace": "email", "value": "a@example.it"}]},
        {"source": "push", "observed_at": observed(40), "identifiers": [
            {"namespace": "chat", "value": "v-1"}, {"namespace": "email", "value": "c@example.it"}]},
    ])
    done = house.attempt(house.stock / "push_latest.so", "--account", "shop", "--data-dir", daemon.data_dir)
    expect_equal(done.returncode, 0, "exit status")
    for line in ['contact 1  CITY  "Roma" -> "Bari"', "1 contacts would hold something else, under 1 names",
            "2 conflicts of 4 journal entries decided again"]:
        expect(line in done.stdout, f"{line!r} is not in\n{done.stdout}")
    rows = [line.split() for line in done.stdout.splitlines()]
    expect(["decided", "offer", "0", "0", "1", "0"] in rows, done.stdout)
    expect(["decided", "separate", "0", "0", "0", "1"] in rows, done.stdout)
    expect(["open", "secondaries", "1", "0", "-1"] in rows, done.stdout)


def test_what_is_refused(house):
    daemon = house.daemon(house.testing, WITNESSES)
    daemon.identify("shop", history(31, 60, list(RANK)))
    store = ["--account", "shop", "--data-dir", daemon.data_dir]
    witness = house.testing / "witness.so"
    missing = os.path.join(house.directory, "nowhere")
    for status, words, policy, arguments in [
            (2, "which policy?", None, store),
            (2, "--account is missing", witness, store[2:]),
            (2, "--data-dir or --config is missing", witness, store[:2]),
            (2, "--source web: expected", witness, [*store, "--source", "web"]),
            (2, "--since yesterday: expected", witness, [*store, "--since", "yesterday"]),
            (2, "--option salt: expected NAME=VALUE", witness, [*store, "--option", "salt"]),
            (2, "--hold 3601: expected", witness, [*store, "--hold", "3601"]),
            (1, "expected create to return 0", witness, [*store, "--option", "colour=red"]),
            (1, "expected a policy's file", house.testing / "witness.txt", store),
            (1, "nosuch.so", house.testing / "nosuch.so", store),
            (1, missing, witness, ["--account", "shop", "--data-dir", missing]),
            (1, "the store has nothing of account shpo", witness,
                ["--account", "shpo", "--data-dir", daemon.data_dir]),
            (1, "within 0 seconds", witness, [*store, "--hold", "0"]),
            (1, "the policy crashed (signal 6: Aborted) at journal entry ", witness, [*store, "--option", "crash=1"]),
            (1, "the policy ended the process (exit status 0) at journal entry ", witness,
                [*store, "--option", "exit=0"]),
            (1, "the policy ended the process (exit status 1) at journal entry ", witness,
                [*store, "--option", "exit=1"])]:
        done = house.attempt(policy, *arguments) if policy else house.attempt("--json", *arguments)
        expect_equal(done.returncode, status, f"{words}: exit status ({done.stderr.strip()})")
        expect(words in done.stderr, f"{words!r} is not in {done.stderr!r}")
    expect(not os.path.exists(missing), "a store was made")
    _, report = house.replay(witness, *store, "--hold", "3600")
    expect(report["entries"] > 0, "nothing was replayed")
    daemon.identify("shop", history(32, 60, list(RANK)))


if __name__ == "__main__":
    sys.exit(main(globals()))
