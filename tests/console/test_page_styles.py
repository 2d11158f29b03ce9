"""Every page loads the style sheets of all areas, so none may reach into another's pages.

Each rule of an area's sheet names something that only this sheet styles. Whatever several
areas use is styled in the shared sheets.
"""

from __future__ import annotations

import re
from pathlib import Path

STYLES = Path(__file__).parents[2] / "qunce/console/static/console"
PAGES = sorted((STYLES / "pages").glob("*.css"))
SHARED = sorted(STYLES.glob("*.css"))
NAMES = re.compile(
    r"[.#][a-z][\w-]*|\[[a-z-]+(?:[~|^$*]?=\"[^\"]*\")?\]|\b[a-z]+-[\w-]+\b"
)


def top_selectors(path: Path) -> list[str]:
    """The selectors that no other one is around, layers and media queries left out."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    around, found, buffer = list[str](), list[str](), ""
    for char in text:
        if char == "{":
            selector = buffer.strip()
            if selector[:1] != "@" and all(each[:1] == "@" for each in around):
                found += split(selector)
            around.append(selector)
            buffer = ""
        elif char == "}":
            around.pop()
            buffer = ""
        else:
            buffer = "" if char == ";" else buffer + char
    return found


def split(selector: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", selector)]


def names_in(path: Path) -> set[str]:
    return {name for each in top_selectors(path) for name in NAMES.findall(each)}


def test_no_area_styles_what_is_of_another() -> None:
    names = {path: names_in(path) for path in (*PAGES, *SHARED)}
    leaks = []
    for page in PAGES:
        others = set().union(*(names[path] for path in names if path != page))
        leaks += [
            f"{page.name}: {selector}"
            for selector in top_selectors(page)
            if not set(NAMES.findall(selector)) - others
        ]
    assert leaks == []
    assert sum(len(top_selectors(page)) for page in PAGES) > 100


def test_leak_is_found(tmp_path: Path) -> None:
    sheet = tmp_path / "a.css"
    sheet.write_text(
        "@layer pages { .a, .b > c { d: e; & .f { g: h } } @media (x) { #i { } } }"
    )
    assert top_selectors(sheet) == [".a", ".b > c", "#i"]
