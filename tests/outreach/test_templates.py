"""Message texts with variables (P10, P2)."""

from __future__ import annotations

import contextlib

import pytest
from django.utils import translation
from django.utils.translation import pgettext
from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.content import templates
from qunce.outreach.content.templates import Variable

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=12)
NAMES = st.sampled_from(["name", "staff", "tag:city", "attr:size"])
FALLBACK = st.text(st.characters(codec="utf-8", exclude_characters="{}|"), max_size=6)
PART = st.one_of(
    PLAIN.map(lambda text: (text, text)),
    st.sampled_from("{}").map(lambda brace: (brace * 2, brace)),
)
VARIABLE = st.tuples(NAMES, st.none() | FALLBACK)


def to_text(name: str, fallback: str | None) -> str:
    return f"{{{name}}}" if fallback is None else f"{{{name}|{fallback}}}"


@given(st.lists(PART | VARIABLE.map(lambda variable: (*variable, None)), max_size=8))
def test_rendering_agrees_with_rendering_each_part(
    parts: list[tuple[str, ...]],
) -> None:
    """Oracle: the parts are rendered one by one and joined."""
    values = {"name": "Ann", "staff": "Bo", "tag:city": "", "attr:size": "  "}
    text, expected, missing = "", "", 0
    for part in parts:
        if len(part) == 2:
            text, expected = text + part[0], expected + part[1]
            continue
        name, fallback, _mark = part
        text += to_text(name, fallback)
        value = values[name].strip()
        missing += not value and fallback is None
        expected += value or fallback or ""
    pieces = templates.parse(text)
    if missing:
        with pytest.raises(templates.MissingValue):
            templates.render(pieces, values)
    else:
        assert templates.render(pieces, values) == expected


@given(st.text(st.sampled_from("{}|ab \n"), max_size=30))
def test_parsed_variables_have_the_position_of_their_brace(text: str) -> None:
    pieces: tuple[templates.Piece, ...] = ()
    with contextlib.suppress(templates.InvalidText):
        pieces = templates.parse(text)
    for piece in pieces:
        if isinstance(piece, Variable):
            assert text[piece.position] == "{"


def test_variables_have_names_in_both_languages() -> None:
    pieces = templates.parse("{ 称呼 |朋友}{标签：城市}{画像:生日|}")
    assert templates.variable_names(pieces) == {"name", "tag:城市", "attr:生日"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hi\n ab {nmae}", "Line 2, character 5: There is no variable {nmae}."),
        ("a } b", "Line 1, character 3: A “}” has no matching “{”"),
        ("a {name", "Line 1, character 3: A “{” has no matching “}”"),
        ("{}", "Line 1, character 1: A variable needs a name"),
        (
            "a\x00",
            "Line 1, character 2: The text contains a character that cannot be sent.",
        ),
        (
            "a\ud800",
            "Line 1, character 2: The text contains a character that cannot be sent.",
        ),
        (" \n", "Write the text to send."),
        ("x" * 4_001, "The text has 4001 characters; the limit is 4000."),
    ],
)
def test_invalid_text_is_refused_with_the_position(text: str, message: str) -> None:
    with pytest.raises(templates.InvalidText) as error:
        templates.check(text, ["name"])
    assert str(error.value).startswith(message)


def test_unusual_characters_are_sent_unchanged() -> None:
    text = "=HYPERLINK(1) <b> \u202e 👩‍👩‍👧 \t\n"
    assert templates.render(templates.check(text, []), {}) == text


def test_braces_in_a_value_are_not_parsed() -> None:
    pieces = templates.parse("{name}")
    assert templates.render(pieces, {"name": "{staff}"}) == "{staff}"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_names_that_the_editor_inserts_are_variables(language: str) -> None:
    names = ("name", "staff", "community", "group")
    with translation.override(language):
        shown = [pgettext("variable", name) for name in names]
    assert [templates.canonical(name) for name in shown] == [*names]


def test_line_ends_of_any_form_become_line_feeds() -> None:
    assert templates.unify_line_ends("a\r\nb\rc\n\r") == "a\nb\nc\n\n"


@pytest.mark.parametrize("written", ["attr:城市", "画像：城市", "城市"])
def test_label_of_a_variable_is_answered_with_its_name(written: str) -> None:
    known = {"name": "称呼", "attr:city": "城市", "attr:农历生日": "农历生日"}
    with pytest.raises(templates.InvalidText, match=r"Did you mean {attr:city}\?"):
        templates.check(f"Hello {{{written}}}", known)
