#!/usr/bin/env python3
"""Which source files can stand together in one translation unit, so that what they include is read once for all of them.

Most of a compiler's time, and of clang-tidy's, goes into the headers, again for each source file. Files of one directory
are packed up to twelve at a time, as long as no two of them declare the same name in their unnamed namespaces. What a
file declares is read off its text, more rather than fewer: a name that is none costs a unit more.

usage: .ci/packing.py FILE...      one unit a line, its files separated by ';'
"""

import os
import re
import sys
from pathlib import Path

MOST = 12
# What a line at the left margin declares: clang-format keeps namespaces unindented, so that is all that can collide.
DECLARES = re.compile(
    r"^(?:using\s+(?P<scope>[\w:]+)::(?P<taken>\w+);|(?:class|struct|union|enum(?: class)?|using)\s+(?P<type>\w+)"
    r"|(?=\w)(?!return|namespace|template|using)[\w:<>,*&\s]*?[\s*&](?P<name>\w+)\s*(?:\(|=|\[|\{|;))"
)
UNNAMED = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.M | re.S)


def declared(text, where):
    """The names that a text declares at namespace scope -> what each stands for: itself, here, or what `using` takes."""
    result = {}
    for match in filter(None, map(DECLARES.match, text.splitlines())):
        if match["taken"]:
            result[match["taken"]] = f"{match['scope']}::{match['taken']}"
        else:
            result[match["type"] or match["name"]] = where
    return result


def own_names(path):
    """Those that are a source file's alone, in its unnamed namespaces."""
    return declared("\n".join(UNNAMED.findall(Path(path).read_text())), path)


def header_names(directory):
    return declared("\n".join(header.read_text() for header in Path(directory).glob("*.h")), directory)


def at_odds(some, others):
    return any(others.get(name, meaning) != meaning for name, meaning in some.items())


def pack(files, kind_of=lambda path: ()):
    """Lists of files that can stand in one translation unit. A file whose kind is None stands alone, and only files of
    one kind stand together."""
    units = []
    of_headers = {}
    for path in files:
        directory = os.path.dirname(path)
        if directory not in of_headers:
            of_headers[directory] = header_names(directory)
        names = own_names(path)
        key = (directory, kind_of(path))
        alone = key[1] is None or at_odds(names, of_headers[directory])
        fits = (u for u in units if not alone and u["key"] == key and len(u["files"]) < MOST)
        home = next((u for u in fits if not at_odds(names, u["names"])), None)
        if home is None:
            home = {"key": None if alone else key, "files": [], "names": {}}
            units.append(home)
        home["files"].append(path)
        home["names"].update(names)
    return [unit["files"] for unit in units]


if __name__ == "__main__":
    for unit in pack(sys.argv[1:]):
        print(";".join(unit))
