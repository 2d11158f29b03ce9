"""Fails on what has grown too long (the sizes of the house style).

python tools/sizes.py qunce
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE, FUNCTION, PAGE, TEMPLATE = 400, 30, 100, 150
PAGES = {"reactions.py", "duties.py"}


def too_long(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        if "migrations" not in path.parts:
            yield from _of_module(path, root)
    for path in sorted(root.rglob("templates/**/*.html")):
        yield from _of_file(path, TEMPLATE)


def _of_module(path: Path, root: Path) -> Iterator[str]:
    a_page = path.name in PAGES and path.parent == root
    yield from _of_file(path, PAGE if a_page else FILE)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION:
                where = f"{path}:{node.lineno}: {node.name}()"
                yield f"{where} has {lines} lines, {FUNCTION} is the most"


def _of_file(path: Path, most: int) -> Iterator[str]:
    lines = len(path.read_text().splitlines())
    if lines > most:
        yield f"{path}: {lines} lines, {most} is the most"


if __name__ == "__main__":
    found = [line for root in sys.argv[1:] for line in too_long(Path(root))]
    print("\n".join(found) or "Sizes held.")
    sys.exit(bool(found))
