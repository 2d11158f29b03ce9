"""Sentences stored in one language and read in another."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext

from qunce.core import stored_sentences

SENTENCES = [
    ("There is no member “%(key)s”.", {"key": "M 100。%(x)s"}),
    (
        "The group “%(group)s” can have at most %(n)s people.",
        {"group": "北区", "n": "5"},
    ),
    ("The group is full.", {}),
]


@pytest.mark.parametrize(("sentence", "values"), SENTENCES)
def test_sentence_is_read_in_the_language_of_the_reader(
    sentence: str, values: dict[str, str]
) -> None:
    texts = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts[language] = gettext(sentence) % values
    for stored in texts.values():
        for language, expected in texts.items():
            with translation.override(language):
                assert stored_sentences.translate(stored) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 1204])
def test_sentence_with_a_number_keeps_its_plural(count: int) -> None:
    texts = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            sentence = ngettext(
                "%(n)s account has opted out.", "%(n)s accounts have opted out.", count
            )
            texts[language] = sentence % {"n": f"{count:,}"}
    assert texts["en"] != texts["zh-hans"]
    for stored in texts.values():
        for language, expected in texts.items():
            with translation.override(language):
                assert stored_sentences.translate(stored) == expected


def test_text_of_somebody_stays_as_it_is() -> None:
    with translation.override("zh-hans"):
        assert (
            stored_sentences.translate("Ask Ann first, please")
            == "Ask Ann first, please"
        )
        assert stored_sentences.translate("") == ""
