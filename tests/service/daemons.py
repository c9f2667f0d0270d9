"""Daemons for tests in Python: the real program on a real port, histories that are hard on
it, and a frame for tests that prints TAP.
"""
import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

PR_SET_PDEATHSIG = 1
EPOCH = 1700000000
RANK = {"push": 1, "conversations": 2, "contacts": 3}
KINDS = ["value", "owner", "identity"]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """A daemon on a store of its own; ends with the test."""

    def __init__(self, house, policy_dir, policies, settings=""):
        self.house = house
        self.data_dir = tempfile.mkdtemp(prefix="replay-", dir=house.directory)
        self.config = os.path.join(self.data_dir, "settings.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"data_dir: {self.data_dir}\npolicy_dir: {policy_dir}\nlisten: 127.0.0.1:0\n")
            file.write("policies: {" + ", ".join(f"{s}: {p}" for s, p in policies.items()) + "}\n" + settings)
        os.chmod(self.config, 0o600)
        self.log = os.path.join(self.data_dir, "log")
        with open(self.log, "w", encoding="utf-8") as log:
            # A busy machine may give a policy's process no time for long.
            self.process = subprocess.Popen([house.anagraphd, "--policy-deadline-ms", "10000",
                "--config", self.config], stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=die_with_parent)
        ready = self.process.stdout.readline()
        if not ready.startswith("ready on "):
            raise RuntimeError(f"the daemon did not start: {self.prose()}")
        self.target = ready.split()[-1]

    def run(self, *arguments, text=None):
        done = subprocess.run([self.house.anagraph, "--server", self.target, "--timeout", "60", *map(str, arguments)],
            input=text, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.stdout[-300:]} {done.stderr[-300:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def identify(self, account, events):
        return self.run("identify", "--account", account, "-", text="".join(json.dumps(e) + "\n" for e in events))

    def contacts(self, account):
        return self.run("list", "--account", account, "--view", "all", "--all", "--page-size", 1000)

    def prose(self):
        """What it has said on standard error."""
        return pathlib.Path(self.log).read_text(encoding="utf-8")

    def stop(self):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait()
        self.process.stdout.close()
        return status

    def close(self):
        self.stop()
        shutil.rmtree(self.data_dir)


class House:
    def __init__(self, anagraphd, anagraph, stock, testing, directory):
        self.anagraphd = anagraphd
        self.anagraph = anagraph
        self.stock = pathlib.Path(stock)
        self.testing = pathlib.Path(testing)
        self.directory = directory
        self.daemons = []

    def daemon(self, *arguments, **keywords):
        self.daemons.append(Daemon(self, *arguments, **keywords))
        return self.daemons[-1]

    def attempt(self, policy, *arguments):
        """Runs a replay with scratch space of its own, of which nothing may be left."""
        scratch = tempfile.mkdtemp(prefix="scratch-", dir=self.directory)
        done = subprocess.run([self.anagraph, "policy", "replay", str(policy), *map(str, arguments)],
            capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "TMPDIR": scratch})
        left = os.listdir(scratch)
        shutil.rmtree(scratch)
        expect(left == [], f"left in the scratch directory: {left}")
        return done

    def replay(self, policy, *arguments):
        """Its differences and its report, as JSON."""
        done = self.attempt(policy, "--json", *arguments)
        expect(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[:-1], lines[-1]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_equal(found, expected, what):
    expect(found == expected, f"{what}: found {found}, expected {expected}")


def observed(second):
    return f"{2023}-11-{14 + second // 86400:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def history(seed, count, sources, every_event_tells=False):
    """Events among few people, so that they meet: out of order, with conflicts of all kinds.
    every_event_tells gives each a value that nobody has said before, so that all of them are
    in the journal whatever a policy decides."""
    chance = random.Random(seed)
    events = []
    for number in range(count):
        identifiers = []
        for namespace, most in [("ext_id", 25), ("email", 30), ("phone", 30), ("whatsapp", 30)]:
            if chance.random() < 0.3:
                value = chance.randrange(most)
                text = {"email": f"p{value}@example.it", "ext_id": f"x-{value}"}.get(
                    namespace, f"+39333123{4500 + value}")
                identifiers.append({"namespace": namespace, "value": text})
        for namespace in ["chat", "push"]:
            if chance.random() < 0.4 or not identifiers:
                identifiers.append({"namespace": namespace, "value": f"{namespace}-{chance.randrange(60)}"})
        attributes = [{"name": name, "string_value": f"{name.lower()}-{chance.randrange(5)}"}
            for name in ["FIRST_NAME", "LAST_NAME", "CITY"] if chance.random() < 0.3]
        if chance.random() < 0.2:
            attributes.append({"name": "NEWSLETTER", "bool_value": chance.random() < 0.5})
        if every_event_tells:
            attributes.append({"name": "VISIT", "number_value": number})
        event = {"source": chance.choice(sources), "identifiers": identifiers, "attributes": attributes,
            "observed_at": observed(chance.randrange(200000)), "conversation": f"t-{chance.randrange(20)}"}
        events.append(event)
    return events


def conflicts_of(answers):
    return [conflict for answer in answers for conflict in answer.get("conflicts", [])]


def word(enumerator):
    return enumerator.rsplit("_", 1)[-1].lower()


def newer(conflict):
    """Whether a device's claim is newer than its owner's: the values are the same."""
    def key(claimed):
        claim = claimed["claim"]
        return claim["observed_at"], RANK[word(claim["source"])]
    return key(conflict["incoming"]) > key(conflict["stored"])


def chat_primary(conflict):
    if word(conflict["kind"]) == "owner" and conflict["name"] in ("chat", "push", "facebook", "instagram"):
        return "take" if newer(conflict) else "keep"
    return "offer"


def main(names):
    """Runs the functions named test_… with the programs of the command line. Prints TAP."""
    *programs, directory = sys.argv[1:]
    house = House(*programs, directory)
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        faults = []
        try:
            test(house)
        except AssertionError as error:
            faults = str(error).splitlines()
        except Exception:  # pylint: disable=broad-except
            faults = traceback.format_exc().splitlines()
        for daemon in house.daemons:
            daemon.close()
        house.daemons = []
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
        sys.stdout.flush()
    print(f"1..{len(tests)}")
    return 1 if failed else 0
