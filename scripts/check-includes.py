#!/usr/bin/env python3
"""Do includes run the way they should?

 - a room includes only the rooms that its row of ROOMS names (docs/README.md has the picture);
 - a header includes only the C library, <costate/...> and neighbours: never a third party, whose macros would leak;
 - a public header includes public headers only;
 - every public header compiles alone, as C11 and as C++11.

A header is public when it stands directly in a room, unless its first line says "(internal" or it is an *_internal.h.
Prints what is wrong, one line each.  With a folder (an include tree) as its argument it does the last check there.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

ROOMS = {
    "autodiff": [],
    "nde": ["autodiff"],
    "adjoint": ["nde", "autodiff"],
    "regularizers": ["adjoint", "nde", "autodiff"],
    "diffusion": ["adjoint", "nde", "autodiff"],
    "datasets": ["nde", "autodiff"],
    "models": ["datasets", "diffusion", "regularizers", "adjoint", "nde", "autodiff"],
    "cli": ["models", "datasets", "diffusion", "regularizers", "adjoint", "nde", "autodiff"],
}
C_LIBRARY = """assert complex ctype errno fenv float inttypes limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib string tgmath time wchar""".split()
COMPILER = ["immintrin"]  # vector intrinsics
ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)
COMPILERS = [("C11", ["cc", "-std=c11", "-x", "c"]), ("C++11", ["c++", "-std=c++11", "-x", "c++"])]


def is_public(path):
    if path.suffix != ".h" or path.parent.parent != ROOT or path.parent.name not in ROOMS or path.parent.name == "cli":
        return False
    with path.open(errors="replace") as f:
        return "(internal" not in f.readline() and not path.name.endswith("_internal.h")


def resolve(path, bracket, name):
    """The file of ours that an include names, or None."""
    if name == "costate/costate.h":
        return ROOT / name
    if name.startswith("costate/"):
        return ROOT / name[len("costate/"):]
    near = (path.parent / name).resolve()
    if bracket == '"' and near.is_file():
        return near
    far = ROOT / name  # "cli/args.h"
    return far if bracket == '"' and far.is_file() else None


def room_of(path):
    return path.relative_to(ROOT).parts[0]


def check_file(path):
    room, header = room_of(path), path.suffix in (".h", ".inc")
    for bracket, name in INCLUDE.findall(path.read_text(errors="replace")):
        target = resolve(path, bracket, name)
        if target is None:
            third_party = name.removesuffix(".h") not in C_LIBRARY + COMPILER
            if path.suffix == ".h" and third_party:
                yield f"includes <{name}>: a header includes the C library and <costate/...> only"
            continue
        to = room_of(target)
        if to == "costate" and header:
            yield "includes the umbrella: a header includes what it needs"
        elif to != "costate" and to != room and to in ROOMS and to not in ROOMS[room]:
            yield f"includes {to}/: {room} may include {', '.join(ROOMS[room]) or 'no other room'}"
        elif is_public(path) and target.suffix == ".h" and not is_public(target):
            yield f"is public, but includes {target.relative_to(ROOT)}, which is not"


def compiles_alone(tree, header):
    wrong = []
    for standard, command in COMPILERS:
        flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{tree}", "-"]
        run = subprocess.run(command + flags, input=f"#include <costate/{header}>\n", capture_output=True, text=True)
        if run.returncode != 0:
            first = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr[:200])
            wrong.append(f"{header} does not compile alone as {standard}: {first}")
    return wrong


def main():
    wrong = []
    if len(sys.argv) > 1:
        tree = pathlib.Path(sys.argv[1])
        headers = sorted(p.relative_to(tree / "costate").as_posix() for p in (tree / "costate").rglob("*.h"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda h: compiles_alone(tree, h), headers):
                wrong += found
        if not headers:
            wrong.append(f"{tree}/costate holds no header")
    else:
        for room in ROOMS:
            for path in sorted((ROOT / room).rglob("*")):
                if path.suffix in (".c", ".h", ".inc"):
                    wrong += [f"{path.relative_to(ROOT)} {what}" for what in check_file(path)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
