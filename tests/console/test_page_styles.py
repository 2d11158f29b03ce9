"""A page has the style sheets of its area, and of the areas whose templates it includes.

Each rule of an area's sheet names something that only this sheet styles, and templates of
an area use no class that only another area's sheet styles. Whatever several areas use is
styled in the shared sheets. `tests/functional/page_faults.js` compares the layout of every
page with that under the sheets of all areas.
"""

from __future__ import annotations

import re
from pathlib import Path

from qunce.console import navigation

STYLES = Path(__file__).parents[2] / "qunce/console/static/console"
PAGES = sorted((STYLES / "pages").glob("*.css"))
SHARED = sorted(STYLES.glob("*.css"))
TEMPLATES = STYLES.parents[1] / "templates/console"
CLASS_ATTRIBUTE = re.compile(r'class="([^"]*)"')
INCLUDES = re.compile(r'(?:include|extends)\s+"console/([^"]+)"')
TEMPLATE_TAGS = {
    "tagging_menu": ("tags/_tagging_menu.html", "tags/_tagging.html"),
    "in_charge": ("members/_in_charge.html",),
}
"""Tag → templates that it renders, or loads when it is opened."""
TAG = re.compile(r"\{[{%].*?[%}]\}")
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


def classes_in(path: Path) -> set[str]:
    """Every class that a sheet mentions, inside of other rules as well."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return set(re.findall(r"\.([a-z][\w-]*)", text))


def list_borrowed_classes(area: str, text: str) -> set[str]:
    """The classes of a template that only sheets of other areas style."""
    used = {
        name
        for classes in CLASS_ATTRIBUTE.findall(text)
        for name in TAG.sub(" ", classes).split()
    }
    sheets = navigation.list_styles(area)
    own = [path for path in PAGES if f"console/pages/{path.name}" in sheets]
    styled = set().union(*(classes_in(path) for path in (*own, *SHARED)))
    foreign = set().union(*(classes_in(path) for path in PAGES))
    return used & (foreign - styled)


def list_included(name: str, found: set[str]) -> set[str]:
    """A template with those that it includes, also by the tags of the console."""
    if name not in found and (TEMPLATES / name).exists():
        found.add(name)
        text = (TEMPLATES / name).read_text()
        for other in INCLUDES.findall(text):
            list_included(other, found)
        for tag, others in TEMPLATE_TAGS.items():
            if f"{{% {tag} " in text:
                for other in others:
                    list_included(other, found)
    return found


def test_pages_have_the_styles_of_what_they_include() -> None:
    borrowed = {}
    for template in sorted(TEMPLATES.glob("*/*.html")):
        area = template.parent.name
        for name in list_included(f"{area}/{template.name}", set()):
            classes = list_borrowed_classes(area, (TEMPLATES / name).read_text())
            if classes and area != "parts":
                borrowed[area, name] = classes
    assert borrowed == {}
    assert list_borrowed_classes("groups", '<p class="tag-grid {{ x }}">') == {
        "tag-grid"
    }
    assert "tags/_tagging_menu.html" in list_included("groups/detail.html", set())


def test_leak_is_found(tmp_path: Path) -> None:
    sheet = tmp_path / "a.css"
    sheet.write_text(
        "@layer pages { .a, .b > c { d: e; & .f { g: h } } @media (x) { #i { } } }"
    )
    assert top_selectors(sheet) == [".a", ".b > c", "#i"]
