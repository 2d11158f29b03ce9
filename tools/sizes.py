"""Checks the sizes of the code style, and prints measures of it with --stats.

python tools/sizes.py qunce            fail on what is too long, warn about long functions
python tools/sizes.py --stats qunce    print the measures of a package and of its tests

Ruff checks the complexity of functions (C901 in pyproject.toml).
"""

from __future__ import annotations

import argparse
import ast
import collections
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_LINES = 500
MAX_TEMPLATE_LINES = 150
MAX_PAGE_LINES = 120
PAGES = ("reactions.py", "schedule.py")
MAX_FUNCTION_LINES = 60
LONG_FUNCTION_LINES = 40
LONG_FILE_LINES = 300
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    where: str
    lines: int
    limit: int
    is_error: bool = True

    def __str__(self) -> str:
        prefix = "" if self.is_error else "warning: "
        return f"{prefix}{self.where}: {self.lines} lines, the limit is {self.limit}"


def find_too_long(root: Path) -> Iterator[Finding]:
    for path in list_modules(root):
        is_page = path.parent == root and path.name in PAGES
        yield from _check_file(path, MAX_PAGE_LINES if is_page else MAX_FILE_LINES)
        for function in list_functions(path):
            lines = count_lines(function)
            where = f"{path}:{function.lineno}: {function.name}()"
            if lines > MAX_FUNCTION_LINES:
                yield Finding(where, lines, MAX_FUNCTION_LINES)
            elif lines > LONG_FUNCTION_LINES:
                yield Finding(where, lines, LONG_FUNCTION_LINES, is_error=False)
    for path in sorted(root.rglob("templates/**/*.html")):
        yield from _check_file(path, MAX_TEMPLATE_LINES)


def _check_file(path: Path, limit: int) -> Iterator[Finding]:
    lines = len(read_lines(path))
    if lines > limit:
        yield Finding(str(path), lines, limit)


def list_modules(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob("*.py") if "migrations" not in p.parts)


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def list_functions(path: Path) -> list[FunctionNode]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]


def count_lines(function: FunctionNode) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def measure(root: Path) -> dict[str, str]:
    """The measures of a package, by what they measure; `root`/../tests are its tests."""
    modules = list_modules(root)
    lines = {path: read_lines(path) for path in modules}
    lengths = sorted(
        count_lines(function) for path in modules for function in list_functions(path)
    )
    total = sum(map(len, lines.values()))
    comments = sum(
        line.lstrip().startswith("#") for text in lines.values() for line in text
    )
    folders = collections.Counter(
        path.parent for path in modules if path.name != "__init__.py"
    )
    folder, modules_in_folder = folders.most_common(1)[0]
    tests = sum(len(read_lines(path)) for path in list_modules(root.parent / "tests"))
    return {
        "modules": f"{sum(folders.values())}",
        "lines": f"{total:,}",
        f"files over {LONG_FILE_LINES} lines": str(
            sum(len(text) > LONG_FILE_LINES for text in lines.values())
        ),
        "longest file": f"{max(map(len, lines.values()))} lines",
        "functions": f"{len(lengths):,}",
        "function length, median": f"{statistics.median(lengths):g} lines",
        "function length, 90th percentile": f"{lengths[len(lengths) * 9 // 10]} lines",
        "function length, longest": f"{lengths[-1]} lines",
        "private functions used once": _share(
            sum(map(_count_private_used_once, modules)), len(lengths)
        ),
        "comment lines": _share(comments, total),
        "modules in the largest folder": (
            f"{modules_in_folder} ({folder.relative_to(root.parent)})"
        ),
        "lines of tests per line of code": f"{tests / total:.2f}",
    }


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,})"


def _count_private_used_once(path: Path) -> int:
    """Functions with a leading underscore that their module refers to once.

    Only the module itself is searched, since private names are used nowhere else.
    """
    uses: collections.Counter[str] = collections.Counter()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            uses[node.id] += 1
        elif isinstance(node, ast.Attribute):
            uses[node.attr] += 1
    names = [function.name for function in list_functions(path)]
    return sum(
        name.startswith("_") and not name.startswith("__") and uses[name] == 1
        for name in names
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", nargs="+", type=Path)
    parser.add_argument("--stats", action="store_true", help="print measures instead")
    args = parser.parse_args()
    if args.stats:
        for root in args.packages:
            for what, value in measure(root).items():
                print(f"{what:34} {value}")
        return 0
    findings = [found for root in args.packages for found in find_too_long(root)]
    print("\n".join(map(str, findings)) or "All sizes are within the limits.")
    return any(found.is_error for found in findings)


if __name__ == "__main__":
    sys.exit(main())
