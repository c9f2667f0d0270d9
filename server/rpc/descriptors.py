#!/usr/bin/python3
"""Turns a google.protobuf.FileDescriptorSet into the C of descriptors.h.

Whatever can be looked up is laid out here, so that the daemon has nothing to parse: the
files, what each of them imports, and every name that they declare. Reads the wire format
itself, which for this takes a page and needs no package.

descriptors.py SET OUTPUT
"""
import pathlib
import sys

# Fields of FileDescriptorProto and of what lies in it.
FILE_NAME, FILE_PACKAGE, FILE_DEPENDENCY = 1, 2, 3
NAME = 1
# Where a kind of declaration has others in it: field number and kind.
DECLARATIONS = {
    "file": [(4, "message"), (5, "enum"), (6, "service"), (7, "field")],
    "message": [(2, "field"), (3, "message"), (4, "enum"), (6, "field"), (8, "oneof")],
    "enum": [(2, "value")],
    "service": [(2, "method")],
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at


def fields(data):
    """Each length-delimited field's number and bytes; the others are skipped."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        wire_type = tag & 7
        if wire_type == 0:
            _, at = varint(data, at)
        elif wire_type in (1, 5):
            at += 8 if wire_type == 1 else 4
        elif wire_type == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            sys.exit(f"wire type {wire_type} in a descriptor")


def texts(data, number):
    return [value.decode() for field, value in fields(data) if field == number]


def declared(data, kind, scope):
    """Every (kind, full name) that a declaration of this kind has in it."""
    for number, inner_kind in DECLARATIONS.get(kind, []):
        for field, inner in fields(data):
            if field != number:
                continue
            name = ".".join([*scope, *texts(inner, NAME)])
            yield inner_kind, name
            # An enum's values are known beside it, as in C.
            inner_scope = scope if inner_kind == "enum" else [name]
            yield from declared(inner, inner_kind, inner_scope)


def needed(name, imports):
    """A file and all that it imports, each once."""
    names = [name]
    for each in names:
        names.extend(other for other in imports[each] if other not in names)
    return names


def c_array(data):
    lines = [", ".join(str(byte) for byte in data[at : at + 24]) for at in range(0, len(data), 24)]
    return ",\n\t".join(lines)


def generate(descriptor_set):
    files = [value for number, value in fields(descriptor_set) if number == 1]
    names = [texts(data, FILE_NAME)[0] for data in files]
    imports = {name: texts(data, FILE_DEPENDENCY) for name, data in zip(names, files)}
    symbols = {}
    services = []
    for index, data in enumerate(files):
        package = texts(data, FILE_PACKAGE)
        for kind, name in declared(data, "file", package):
            symbols[name] = index
            if kind == "service":
                services.append(name)
    if not services or len(files) > 255:
        sys.exit("no service, or too many files, in the descriptors")
    yield '/* Made by descriptors.py. */\n#include "server/rpc/descriptors.h"\n'
    for index, data in enumerate(files):
        chain = [names.index(each) for each in needed(names[index], imports)]
        yield f"static const uint8_t DATA_{index}[] = {{\n\t{c_array(data)},\n}};"
        yield f"static const uint8_t NEEDED_{index}[] = {{ {', '.join(map(str, chain))} }};\n"
    yield "const struct descriptor_file DESCRIPTOR_FILES[] = {"
    for index, name in enumerate(names):
        yield f'\t{{ "{name}", DATA_{index}, sizeof(DATA_{index}), NEEDED_{index}, sizeof(NEEDED_{index}) }},'
    yield f"}};\nconst size_t DESCRIPTOR_FILE_COUNT = {len(files)};\n"
    yield "const struct descriptor_symbol DESCRIPTOR_SYMBOLS[] = {"
    yield from (f'\t{{ "{name}", {symbols[name]} }},' for name in sorted(symbols))
    yield f"}};\nconst size_t DESCRIPTOR_SYMBOL_COUNT = {len(symbols)};\n"
    yield "const char *const DESCRIPTOR_SERVICES[] = {"
    yield from (f'\t"{name}",' for name in sorted(services))
    yield f"}};\nconst size_t DESCRIPTOR_SERVICE_COUNT = {len(services)};"


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    target.write_text("\n".join(generate(source.read_bytes())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
