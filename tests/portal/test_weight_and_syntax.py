"""Member pages are light, and written for old phones (iOS 14, X5)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from qunce.channels.accounts import member_sign_in, providers
from qunce.core.communities import Community
from tests import factories
from tests.portal.phones import Phone

STATIC = Path(__file__).parents[2] / "qunce/portal/static/portal"
STYLES = sorted(STATIC.glob("*.css"))
SCRIPTS = sorted(STATIC.glob("*.js"))
ON_EVERY_PAGE = ("portal.css", "portal.js")
MAX_SCRIPT, MAX_PAGE = 12_000, 60_000
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TOO_NEW_CSS = re.compile(
    r"@layer|@container|@property|@scope|@starting-style|:has\(|:is\(|:where\("
    r"|light-dark\(|color-mix\(|oklch\(|oklab\(|\bsubgrid\b|\bdvh\b|\bsvh\b"
    r"|\binset\s*:|\baspect-ratio\s*:|\baccent-color\s*:|\btext-wrap\s*:"
    r"|\b(?:row-|column-)?gap\s*:|\bfield-sizing\s*:"
)
TOO_NEW_SCRIPT = re.compile(
    r"\?\.[a-zA-Z_$\[(]|\?\?|\|\|=|&&=|\bimport\s*\(|^\s*import\s|^\s*export\s"
    r"|\d_\d|\d+n\b|\bBigInt\b|\.flatMap\(|\.flat\(|\.replaceAll\(|\.matchAll\("
    r"|\.at\(|Object\.fromEntries|Promise\.(?:any|allSettled)|\bglobalThis\b"
    r"|structuredClone|\bstatic\s*\{|^\s+#\w+|catch\s*\{",
    re.MULTILINE,
)


def nested_rules(css: str) -> list[str]:
    """Selectors inside of other rules; a rule inside of `@media` is not nested."""
    found, depth, at_rules, start = [], 0, 0, 0
    for position, sign in enumerate(css):
        if sign == "{":
            selector = css[start:position].strip()
            is_at_rule = selector.startswith("@")
            if depth > at_rules:
                found.append(selector)
            at_rules += is_at_rule and depth == at_rules
            depth += 1
        elif sign == "}":
            depth -= 1
            at_rules = min(at_rules, depth)
        if sign in "{};":
            start = position + 1
    return found


def css_faults(css: str) -> list[str]:
    css = COMMENT.sub("", css)
    return [*TOO_NEW_CSS.findall(css), *nested_rules(css)]


def script_faults(script: str) -> list[str]:
    return TOO_NEW_SCRIPT.findall(COMMENT.sub("", script))


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_have_nothing_that_old_phones_do_not_know(path: Path) -> None:
    assert css_faults(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_have_nothing_newer_than_es2018(path: Path) -> None:
    assert script_faults(path.read_text()) == []


@pytest.mark.parametrize(
    "css",
    [
        ".a { .b { color: red; } }",
        "@media print { .a { &:hover { color: red; } } }",
        "@layer base { .a { color: red; } }",
        ".a:has(.b) { color: red; }",
        ".a { color: light-dark(#fff, #000); }",
        "@container (width > 1px) { .a { color: red; } }",
        ".a { display: flex; gap: 1rem; }",
    ],
)
def test_new_styles_are_refused(css: str) -> None:
    assert css_faults(css)
    assert not css_faults("@media print { .a { color: red; } } .b > .c { top: 0; }")


@pytest.mark.parametrize(
    "script", ["a?.b", "a ?? b", "a ||= 1", "try { } catch { }", "1_000", "x.at(1)"]
)
def test_new_script_is_refused(script: str) -> None:
    assert script_faults(script)
    assert not script_faults(
        "try { a ? .5 : b; } catch (e) { async () => ({ ...x }); }"
    )


def test_the_script_of_a_page_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in SCRIPTS}
    assert 0 < sum(sizes[name] for name in ("portal.js", "worker.js")) <= MAX_SCRIPT


def test_each_channel_of_members_has_its_page_and_a_small_script() -> None:
    """What a provider wants handed over, the page of its channel has a field for."""
    found = [
        (name, provider)
        for name in providers.list_channels()
        if (provider := member_sign_in.find_provider(name)) is not None
    ]
    assert "matrix" in dict(found)
    for name, provider in found:
        assert get_template(f"portal/sign_in/{name}.html") is not None
        script = (STATIC / f"{name}.js").read_text()
        assert all(f"elements.{each}." in script for each in provider.sign_in_fields)
        assert 0 < len(script.encode()) <= MAX_SCRIPT / 4


@pytest.mark.django_db
def test_a_first_view_is_light(shop: Community) -> None:
    li = factories.member(shop, "li", name="李雷").pk
    phone = Phone(shop, language="zh")
    assets = sum(
        len(gzip.compress((STATIC / name).read_bytes())) for name in ON_EVERY_PAGE
    )
    phone.sign_in(li)
    for path in ("", "me", "privacy", "sign-in"):
        page = phone.open(path)
        assert phone.status == 200
        assert 0 < len(page.encode()) + assets <= MAX_PAGE / 2
        # Nothing but the stylesheet and the script is loaded, and nothing from elsewhere.
        loaded = re.findall(r'(?:src|href)="([^"]+\.\w+)"', page)
        assert sorted(loaded) == [
            "/static/portal/portal.css",
            "/static/portal/portal.js",
        ]
        assert "style=" not in page
        assert "https://" not in page
