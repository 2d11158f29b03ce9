"""From a sentence to a rule: as Qunce prints it, or as people say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import community_days, errors
from qunce.members.rule_text import parsing, vocabulary
from qunce.members.rule_text.free_text import understanding
from qunce.members.rule_text.free_text.reading import Mark, Reading
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff
    from qunce.members.rule_text.vocabulary import Vocabulary

MAX_LENGTH = 500


class SentenceTooLong(errors.Invalid):
    """The sentence has more characters than a person would write."""


def read(*, by: Staff, text: str, at: datetime) -> Reading:
    """What `by` means by the sentence. Raises SentenceTooLong.

    The rule, if there is one, is valid: it names nothing that `by` may not see.
    """
    if len(text) > MAX_LENGTH:
        raise SentenceTooLong(
            _("A sentence can have at most %(n)s characters.") % {"n": MAX_LENGTH}
        )
    words = vocabulary.load(by.community, by)
    zone, start = by.community.timezone, by.community.day_start
    today = community_days.to_date(community_days.day_of(zone, start, at))
    reading = understand(text, words, today=today)
    if reading.rule is None:
        return reading
    try:
        audiences.compile_rule(community=by.community, rule=reading.rule, by=by)
    except RuleError as error:
        mark = Mark(0, len(text), "unknown", note=error.message)
        return Reading(text, None, [mark])
    return reading


def understand(text: str, words: Vocabulary, *, today: date) -> Reading:
    """The reading of a sentence in either language."""
    if not text.strip():
        return Reading(text, None)
    current = translation.get_language() or vocabulary.LANGUAGES[0]
    for language in sorted(
        vocabulary.LANGUAGES, key=lambda each: each != current.lower()
    ):
        with translation.override(language):
            rules = parsing.parse(text, words.lexicon)
        if len(rules) == 1:
            return Reading(text, rules[0], [Mark(0, len(text), "understood")])
    reading = understanding.understand(text, words.names, words.about, today=today)
    return replace(reading, text=text)
