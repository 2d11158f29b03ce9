"""Texts with variables (P10, P2)."""

from __future__ import annotations

import contextlib

import pytest
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
ASKED = st.tuples(NAMES, st.none() | FALLBACK)


def written(name: str, fallback: str | None) -> str:
    return f"{{{name}}}" if fallback is None else f"{{{name}|{fallback}}}"


@given(st.lists(PART | ASKED.map(lambda asked: (*asked, None)), max_size=8))
def test_a_text_is_put_together_piece_by_piece(parts: list[tuple[str, ...]]) -> None:
    """Oracle: what each part becomes by itself, one after the other."""
    values = {"name": "Ann", "staff": "Bo", "tag:city": "", "attr:size": "  "}
    text, wanted, holes = "", "", 0
    for part in parts:
        if len(part) == 2:
            text, wanted = text + part[0], wanted + part[1]
            continue
        name, fallback, _mark = part
        text += written(name, fallback)
        value = values[name].strip()
        holes += not value and fallback is None
        wanted += value or fallback or ""
    pieces = templates.parse(text)
    if holes:
        with pytest.raises(templates.MissingValue):
            templates.render(pieces, values)
    else:
        assert templates.render(pieces, values) == wanted


@given(st.text(st.sampled_from("{}|ab \n"), max_size=30))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    pieces: tuple[templates.Piece, ...] = ()
    with contextlib.suppress(templates.InvalidText):
        pieces = templates.parse(text)
    for piece in pieces:
        if isinstance(piece, Variable):
            assert text[piece.position] == "{"


def test_a_variable_is_known_by_its_name_in_either_language() -> None:
    pieces = templates.parse("{ 称呼 |朋友}{标签：城市}{画像:生日|}")
    assert templates.variable_names(pieces) == {"name", "tag:城市", "attr:生日"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hi\n ab {nmae}", "Line 2, character 5: There is no variable {nmae}."),
        ("a } b", "Line 1, character 3: There is a “}” without its “{”"),
        ("a {name", "Line 1, character 3: There is a “{” without its “}”"),
        ("{}", "Line 1, character 1: A variable needs a name"),
        ("a\x00", "Line 1, character 2: There is a character that cannot be sent."),
        ("a\ud800", "Line 1, character 2: There is a character that cannot be sent."),
        (" \n", "Write the text to send."),
        ("x" * 4_001, "The text has 4001 characters; the limit is 4000."),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(templates.InvalidText) as caught:
        templates.check(text, ["name"])
    assert str(caught.value).startswith(said)


def test_odd_letters_are_sent_as_they_are() -> None:
    text = "=HYPERLINK(1) <b> \u202e 👩‍👩‍👧 \t\n"
    assert templates.render(templates.check(text, []), {}) == text


def test_a_value_is_not_read_as_a_text() -> None:
    pieces = templates.parse("{name}")
    assert templates.render(pieces, {"name": "{staff}"}) == "{staff}"
