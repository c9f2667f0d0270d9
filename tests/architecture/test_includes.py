#!/usr/bin/python3
"""Who may include what: the rooms of the house, read from the code.

The build links each room with what it may know, but a header needs no linking. Here
every #include of the tree is looked at. A rule that finds nothing to look at fails, and
each one is first shown a file that breaks it, so that it can't pass by being blind.
Prints TAP.
"""
import pathlib
import re
import sys

ROOMS = ["base", "bench", "client", "kit", "plugins", "rules", "server", "tests"]
SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
C_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}
OURS = ("base/", "bench/", "client/", "kit/", "plugins/", "rules/", "server/", "tests/")


def holds(header, *patterns):
    return any(re.fullmatch(pattern, header) for pattern in patterns)


# A header, and the only places where it may be included.
USERS = {
    r"lmdb\.h": ["server/graph/"],
    # The kit loads a policy as a stranger would, and tests look at what others load.
    r"dlfcn\.h": ["rules/host.c", "kit/", "tests/"],
    r"grpc/.*": [
        "server/rpc/", "client/", "bench/instructions/", "tests/support/caller.c", "tests/unit/test_gather.c",
        "tests/unit/test_page.c",
    ],
    r".*\.pb-c\.h": ["server/rpc/", "client/", "tests/", "bench/"],
    r"phonenumbers/.*": ["rules/phone.cc"],
    r"idn2\.h": ["rules/", "tests/unit/"],
    r"uni(case|ctype|norm|str)\.h": ["rules/", "tests/unit/"],
    r"jansson\.h": ["client/", "kit/report.c", "tests/", "bench/"],
    r"yaml\.h": ["server/config_yaml.h"],
    r"cmocka\.h": ["tests/"],
    r"sodium\.h": ["base/digest.c", "server/"],
    r"seccomp\.h": ["server/worker/confine.c"],
    r"linux/landlock\.h": ["server/worker/confine.c"],
}
# A place, and the only headers of ours that may be included there.
KNOWLEDGE = {
    "base/": [r"base/.*"],
    "rules/policy.h": [],
    "rules/types.h": [r"base/.*"],
    "rules/": [r"base/.*", r"rules/.*"],
    "server/wire/": [r"base/.*", r"rules/(types|namespaces)\.h", r"server/wire/.*"],
    "server/graph/": [r"base/.*", r"rules/(companions|namespaces|types)\.h", r"server/(graph|wire)/.*"],
    "server/engine/": [
        r"base/.*", r"rules/.*", r"server/engine/.*", r"server/graph/graph\.h",
        r"server/wire/messages\.h",
    ],
    "server/rpc/": [
        r"base/.*", r"rules/.*", r"server/rpc/.*", r"server/wire/.*", r"server/engine/engine\.h",
        r"server/graph/graph\.h",
    ],
    "server/replay/": [
        r"base/.*", r"rules/.*", r"server/replay/.*", r"server/graph/graph\.h",
        r"server/wire/messages\.h",
    ],
    "server/worker/": [r"base/.*", r"rules/(decide|host|policy|types)\.h", r"server/worker/.*"],
    "client/": [r"base/.*", r"client/.*", r"server/wire/wire\.h"],
    "kit/": [r"kit/.*", r"rules/policy\.h"],
    "plugins/": [],
}
# Single files that may know more than their place: those for verbs of the command that
# look into a store.
MORE = {
    "client/command/maintain.h": [r"server/graph/graph\.h"],
    "client/command/replay.h": [r"server/config\.h", r"server/replay/replay\.h"],
}


def read_tree(root):
    """Every source file's path with what it includes."""
    tree = {}
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and "node_modules" not in path.parts:
                text = path.read_text(encoding="utf-8")
                tree[path.relative_to(root).as_posix()] = INCLUDE.findall(text)
    return tree


def within(path, places):
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


def check_user(tree, header, places):
    """Includes of the header, and those of them outside its places."""
    uses = [(path, name) for path, names in tree.items() for name in names if holds(name, header)]
    return len(uses), [f"{path} includes {name}" for path, name in uses if not within(path, places)]


def check_knowledge(tree, place, allowed):
    """Files of the place, and their includes of ours that it should not know."""
    paths = [path for path in tree if within(path, [place])]
    faults = [
        f"{path} includes {name}"
        for path in paths
        for name in tree[path]
        if name.startswith(OURS) and not holds(name, *allowed, *MORE.get(path, []))
    ]
    return len(paths), faults


def check_plugins(tree):
    """A stock policy is built as a stranger would build one."""
    paths = [path for path in tree if path.startswith("plugins/")]
    faults = [
        f"{path} includes {name}"
        for path in paths
        for name in tree[path]
        if name != "anagraph/policy.h" and name not in C_HEADERS
    ]
    return len(paths), faults


def check_policy_header(tree):
    """What a stranger includes brings nothing along but two headers of C."""
    names = tree.get("rules/policy.h", [])
    return len(names), [f"rules/policy.h includes {n}" for n in names if n not in {"stddef.h", "stdint.h"}]


def checks():
    """Each check's name, its function of a tree, and an include that it must refuse."""
    for header, places in USERS.items():
        sample = header.replace(r".*\.pb-c\.h", "x.pb-c.h").replace(".*", "x").replace("(case|ctype|norm|str)", "case")
        yield (
            f"{header.replace(chr(92), '')} is included only in {' '.join(places)}",
            lambda tree, h=header, p=places: check_user(tree, h, p),
            ("base/intruder.c", sample.replace("\\", "")),
        )
    for place, allowed in KNOWLEDGE.items():
        intruder = place if not place.endswith("/") else place + "intruder.c"
        yield (
            f"{place} knows only its own",
            lambda tree, p=place, a=allowed: check_knowledge(tree, p, a),
            (intruder, "tests/support/build.h"),
        )
    yield "plugins include policy.h and C alone", check_plugins, ("plugins/intruder.c", "unistd.h")
    yield "rules/policy.h stands alone", check_policy_header, ("rules/policy.h", "stdio.h")


def judge(function, tree, intrusion):
    """Why the check fails, a line each; none when it passes."""
    path, name = intrusion
    _, seen = function({**tree, path: [*tree.get(path, []), name]})
    if not any(name in fault for fault in seen):
        return [f"it does not see that {path} includes {name}"]
    looked_at, faults = function(tree)
    if looked_at == 0:
        return ["it has nothing to look at"]
    return faults


def main():
    tree = read_tree(pathlib.Path(sys.argv[1]).resolve())
    results = [(name, judge(function, tree, intrusion)) for name, function, intrusion in checks()]
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
    print(f"# {len(tree)} files looked at")
    return 1 if any(faults for _, faults in results) else 0


if __name__ == "__main__":
    sys.exit(main())
