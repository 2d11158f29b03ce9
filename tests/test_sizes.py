from __future__ import annotations

from pathlib import Path

import pytest

from tools import sizes


def package(folder: Path, **files: str) -> Path:
    root = folder / "shop"
    for name, text in files.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def function(lines: int, name: str = "f") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def found(root: Path) -> list[tuple[int, int, bool]]:
    return [(f.lines, f.limit, f.is_error) for f in sizes.find_too_long(root)]


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        (40, []),
        (41, [(41, 40, False)]),
        (60, [(60, 40, False)]),
        (61, [(61, 60, True)]),
    ],
)
def test_long_functions_are_warned_about_and_then_fail(
    tmp_path: Path, lines: int, findings: list[tuple[int, int, bool]]
) -> None:
    root = package(tmp_path, orders=function(lines))
    assert found(root) == findings


@pytest.mark.parametrize(
    ("name", "limit"), [("orders", 500), ("reactions", 120), ("schedule", 120)]
)
def test_files_have_a_limit_and_the_two_pages_a_lower_one(
    tmp_path: Path, name: str, limit: int
) -> None:
    assert found(package(tmp_path, **{name: "x = 1\n" * limit})) == []
    root = package(tmp_path, **{name: "x = 1\n" * (limit + 1)})
    assert found(root) == [(limit + 1, limit, True)]


def test_templates_have_a_limit(tmp_path: Path) -> None:
    root = package(tmp_path, orders="")
    folder = root / "templates" / "shop"
    folder.mkdir(parents=True)
    (folder / "list.html").write_text("<p>\n" * 151)
    assert found(root) == [(151, 150, True)]


def test_measures_of_a_package(tmp_path: Path) -> None:
    helpers = "# Why.\ndef _once():\n    pass\n\n\ndef _twice():\n    pass\n\n\n"
    uses = "def public():\n    _once()\n    _twice()\n    _twice()\n"
    root = package(tmp_path, orders=helpers + uses, stock=function(4, "public"))
    package(tmp_path / "shop", tests="")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_orders.py").write_text("x = 1\n" * 17)
    measures = sizes.measure(root)
    assert measures["private functions used once"] == "25.0% (1)"
    assert measures["comment lines"] == "5.9% (1)"
    assert measures["function length, median"] == "3 lines"
    assert measures["lines of tests per line of code"] == "1.00"
