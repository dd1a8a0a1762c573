"""Finds names in the anonymous namespaces of sources that another source, or a header, of the same library has too: such
sources cannot be compiled as one (ADR 0025). Arguments: sources and headers. A library's are those below the folder with its
CMakeLists.txt."""

import collections
import pathlib
import re
import sys

NAMED = re.compile(r"^(?:inline )?namespace ([\w:]+) \{")
TYPE = re.compile(r"^(?:class|struct|enum class|enum|union) (\w+)")
ALIAS = re.compile(r"^using (?:[\w:]+::)?(\w+)(?: =|;)")
FUNCTION = re.compile(r"^[\w:<>,&*\s]+?[\s&*](\w+)\((.*)")
VARIABLE = re.compile(r"^[\w:<>,&*\s]+?[\s&*](\w+)(?:\[\w*\])? ?(?:=|\{|;)")
ATTRIBUTES = re.compile(r"^(?:\[\[\w+\]\] |template <.*> |static |inline |constexpr )+")


def definitions(path):
    """(namespace, name, what) of every definition at the top of an anonymous namespace, in headers of any; overloads
    differ in `what`."""
    namespaces, anonymous = [], path.suffix == ".h"
    for line in path.read_text().splitlines():
        if named := NAMED.match(line):
            namespaces.append(named[1])
        elif line.startswith("namespace {"):
            anonymous = True
        elif line == "}  // namespace":
            anonymous = path.suffix == ".h"
        elif line.startswith("}  // namespace ") and namespaces:
            namespaces.pop()
        elif anonymous and line[:1].isalpha() or line.startswith("[["):
            line = ATTRIBUTES.sub("", line)
            if line.startswith(("using enum ", "using namespace ")):
                continue
            for pattern, what in ((TYPE, "type"), (ALIAS, line), (FUNCTION, None), (VARIABLE, "variable")):
                if found := pattern.match(line):
                    yield "::".join(namespaces), found[1], what or found[2]
                    break


def library(path):
    return next((folder for folder in path.parents if (folder / "CMakeLists.txt").exists()), path.parent)


seen = collections.defaultdict(list)
for path in map(pathlib.Path, sys.argv[1:]):
    for namespace, name, what in set(definitions(path)):
        seen[library(path), namespace, name].append((what, path))

clashes = 0
for (_, namespace, name), places in sorted(seen.items()):
    whats = collections.Counter(what for what, _ in places)
    overloads = all(path.suffix == ".cpp" for _, path in places) and not {"type", "variable"} & whats.keys() and len(whats) == len(places)
    same_alias = len(whats) == 1 and places[0][0].startswith("using ")
    if not any(path.suffix == ".cpp" for _, path in places) or same_alias:
        continue  # Headers are the compiler's business.
    if len({path for _, path in places}) > 1 and not overloads:
        print(f"{namespace}::{name} is in " + " and in ".join(sorted({str(path) for _, path in places})))
        clashes += 1
sys.exit(clashes > 0)
