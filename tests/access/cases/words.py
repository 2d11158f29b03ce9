"""How the sweep calls verbs of words and texts of messages."""

from __future__ import annotations

from tests.access.cases.base import both, case, just, using

SPAN = using(lambda w: {"first": w.at.date(), "last": w.at.date()})
case("insight.words.topics", compute=both(SPAN, just(group=None)))
case("insight.words.word_settings", change=just(stop_words=["new"]))
case("members.message_texts.message_texts", set_retention=just(days=30))
