"""Which functions of the package a folder of it uses, found in the source.

A function is used if one that is used names it, in its own module or through an import.
Names that are put together at run time are not found.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import qunce

ROOT = Path(qunce.__file__).parent
LEFT_OUT = {"migrations", "demo", "cli"}


def used_by(package: str) -> set[str]:
    """Return the full names of all that the modules of a package use."""
    uses = _find_uses()
    seen: set[str] = set()
    waiting = [name for name in uses if name.startswith(f"{package}.")]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += uses.get(name, ())
    return seen


@functools.cache
def _find_uses() -> dict[str, set[str]]:
    """Map each function, class and the rest of a module to the names that it uses."""
    return {
        name: used
        for path in sorted(ROOT.rglob("*.py"))
        if not LEFT_OUT & set(path.relative_to(ROOT).parts)
        for name, used in _read(path)
    }


def _read(path: Path) -> Iterator[tuple[str, set[str]]]:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    tree = ast.parse(path.read_text())
    known = {
        node.name: f"{module}.{node.name}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            known |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}"
                for alias in node.names
            }
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            # The statements of a module itself are one more function of it.
            name = getattr(node, "name", f"line {node.lineno}")
            yield f"{module}.{name}", set(_list_names(node, known))


def _list_names(tree: ast.AST, known: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in known:
            yield known[node.id]
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in known
        ):
            yield f"{known[node.value.id]}.{node.attr}"
