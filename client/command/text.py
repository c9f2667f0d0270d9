#!/usr/bin/python3
"""Turns a text file into a C array of its bytes, terminated by a NUL.

usage: text.py INPUT OUTPUT NAME
"""
import sys


def main():
    source, target, name = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read() + b"\0"
    with open(target, "w", encoding="ascii") as file:
        file.write(f"extern const char {name}[];\nconst char {name}[{len(data)}] = {{\n")
        for at in range(0, len(data), 16):
            file.write("\t" + ", ".join(str(byte) for byte in data[at : at + 16]) + ",\n")
        file.write("};\n")


if __name__ == "__main__":
    main()
