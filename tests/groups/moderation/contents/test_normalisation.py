from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.contents import confusables, contact_details, normalisation
from qunce.groups.moderation.contents.normalisation import MAX_LENGTH, Level, normalise

SCRIPTS = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xD7B0, 0xE000),
    (0xF900, 0x10000),
    (0x1D000, 0x1FC00),
    (0xE0000, 0xE0200),
)
"""All characters but ideographs, Hangul and those of private use."""
FOLDER = Path(__file__).parent
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
SPELLED = st.text(st.sampled_from("ab1微信一 .·-_@\n\u200b\u0336，"), max_size=40)


def read_lines(name: str) -> list[str]:
    lines = (FOLDER / name).read_text().split("\n")[1:]
    return [line.replace("\\n", "\n") for line in lines if line]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ＶＸ：ａｂｃ", "vx:abc"),
        ("𝐯𝐱 ⓥⓧ 🅥🅧 🅰 🇻", "vx vx vx a v"),
        ("①❷⑶⒋⓹ 6️⃣ ⁷₈ ٩ 🔟", "12345 6 78 9 10"),
        ("微\u200b信 a\u202eb\u2067c \U000e0061", "微信 abc a"),
        ("pаypаl сom ΑΒΓ", "paypal com aby"),
        ("z̶a̷l̸g̵o̶ é ủ ё", "zalgo e u e"),
        ("曰⼝", "日口"),
        ("a\ud800b", "ab"),
    ],
)
def test_disguised_characters_are_folded(written: str, plain: str) -> None:
    assert normalise(written).folded == plain


@pytest.mark.parametrize(
    ("written", "compact"),
    [
        ("微 信，加·我 f r e e money", "微信,加我free money"),
        ("q.q.1-2-3", "qq123"),
        ("w w w . a b . c o m", "www.ab.com"),
        ("a·_·b", "a_b"),
        ("1 @ 2", "1@2"),
        ("加\n微\n信\nok then\nnext", "加微信\nok then\nnext"),
        ("稍微。信不信", "稍微。信不信"),
        ("a    b", "a b"),
        ("2024-11-30", "2024-11-30"),
    ],
)
def test_characters_that_were_pulled_apart_are_joined(
    written: str, compact: str
) -> None:
    assert normalise(written).compact == compact


def test_numerals_become_digits() -> None:
    assert normalise("一 三 八 零 零").digits == "13800"
    assert normalise("壹叁捌〇幺").digits == "13801"


@given(ANY_TEXT)
def test_places_in_the_folded_text_are_those_of_a_slow_scan(text: str) -> None:
    normalised = normalise(text)
    folded, sources = "", []
    for index, char in enumerate(text):
        plain = confusables.fold(char)
        folded += plain
        sources += [index] * len(plain)
    assert normalised.folded == folded
    for place, source in enumerate(sources):
        assert normalised.span(Level.FOLDED, place, place + 1) == (source, source + 1)


@given(st.one_of(ANY_TEXT, SPELLED))
def test_characters_of_the_compact_text_come_from_their_places(text: str) -> None:
    normalised = normalise(text)
    for place, char in enumerate(normalised.compact):
        start, end = normalised.span(Level.DIGITS, place, place + 1)
        assert end == start + 1
        assert char == " " or char in confusables.fold(text[start])
    starts = [
        normalised.span(Level.COMPACT, place, place + 1)[0]
        for place in range(len(normalised.compact))
    ]
    assert starts == sorted(starts)


@given(st.one_of(ANY_TEXT, SPELLED))
def test_nothing_is_lost_but_separators(text: str) -> None:
    normalised = normalise(text)
    kept = [char for char in normalised.folded if char.isalnum()]
    assert [char for char in normalised.compact if char.isalnum()] == kept
    assert len(normalised.digits) == len(normalised.compact)


@given(ANY_TEXT)
def test_a_folded_text_stays_as_it_is(text: str) -> None:
    folded = normalise(text).folded
    again = normalise(folded).folded
    assert normalise(again).folded == again
    assert again.isascii() == folded.isascii()


def test_every_character_is_folded_to_text_without_marks() -> None:
    for first, last in SCRIPTS:
        for code in range(first, last):
            for char in confusables.fold(chr(code)):
                assert unicodedata.category(char) not in ("Cs", "Cf")


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0336" * 1_000_000,
        "\u202e" * 1_000_000,
        "ﷺ" * 1_000_000,
        "微 " * 500_000,
        "1.2@" * 250_000,
        "\ud800" * 1_000_000,
        "http://" * 140_000,
        "加v" * 500_000,
        "a." * 500_000,
        "+1-" * 300_000,
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_hostile_texts_of_a_megabyte_are_read_up_to_a_length(text: str) -> None:
    normalised = normalise(text)
    assert len(normalised.original) == MAX_LENGTH
    found = contact_details.find(normalised)
    assert len(found) <= contact_details.MAX_CONTACTS
    assert all(0 <= each.start < each.end <= MAX_LENGTH for each in found)


# Contacts that were written for this test


def test_disguised_contacts_are_found() -> None:
    lines = [line.split("\t") for line in read_lines("disguised_contacts.txt")]
    assert len(lines) == 300
    assert len({form for form, *_rest in lines}) == 20
    missed = [
        (form, text)
        for form, kind, value, text in lines
        if (kind, value)
        not in {
            (each.kind.value, each.value)
            for each in contact_details.find(normalisation.normalise(text))
        }
    ]
    assert len(missed) <= 15, missed


def test_harmless_look_alikes_are_not_found() -> None:
    lines = read_lines("harmless_look_alikes.txt")
    assert len(set(lines)) >= 300
    assert [line for line in lines if contact_details.find(normalise(line))] == []
