"""`qunce words`: what groups talk about, stop words, brands, and texts of messages."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days
from qunce.groups import visibility as group_visibility
from qunce.insight.words import topics, word_days, word_settings
from qunce.insight.words.topics import DEFAULT_SPAN, MAX_DAYS, Word
from qunce.members.message_texts import message_texts

words = base.Group("words")


def _to_line(word: dict[str, Any]) -> str:
    numbers = f"{word['people']:>7,} {word['people_before']:>7,}"
    return f"{numbers}  {word['trend']:<8} {word['word']}"


@words.command("show", help=N_("Show the words that most people used"))
@base.option("--group", help=N_("key of a group; all groups by default"))
@base.option(
    "--days",
    type=click.IntRange(1, MAX_DAYS),
    default=DEFAULT_SPAN,
    help=N_("how many complete days"),
)
@base.option(
    "--trend",
    type=click.Choice([topics.RISING, topics.FALLING]),
    help=N_("only words that rise or fall"),
)
@base.option(
    "--limit", type=click.IntRange(1, 5_000), default=50, help=N_("how many words")
)
@options.pass_invocation
def show(
    invocation: Invocation, group: str | None, days: int, trend: str | None, limit: int
) -> None:
    word_days.count_due(at=invocation.at)
    yesterday = community_days.to_date(invocation.community.day(invocation.at) - 1)
    found = topics.compute(
        group=group_visibility.get_by_key(invocation.by, group).key if group else None,
        first=yesterday - timedelta(days=days - 1),
        last=yesterday,
        by=invocation.by,
        at=invocation.at,
    )
    chosen: list[Word] = list(found.words[:limit])
    if trend:
        chosen = found.of_trend(trend, limit)
    rows = [word._asdict() for word in chosen]
    invocation.out.answer(
        {
            "first": found.first.isoformat(),
            "last": found.last.isoformat(),
            "speakers": found.speakers,
            "speakers_before": found.speakers_before,
            "by_day": found.by_day,
            "words": rows,
            "brands": [asdict(brand) for brand in found.brands],
            "temperature": asdict(found.temperature),
        }
    )
    for row in rows:
        invocation.out.line(_to_line(row))


@words.command("settings", help=N_("Show or change stop words, brands and retention"))
@base.option(
    "--stop", "stop_words", multiple=True, help=N_("a word to leave out; replaces all")
)
@base.option(
    "--brand",
    "brands",
    multiple=True,
    metavar="NAME:WORD,WORD",
    help=N_("a brand and its words; * before your own; replaces all"),
)
@base.option(
    "--keep-texts",
    "days",
    type=click.IntRange(message_texts.MIN_RETENTION, message_texts.MAX_RETENTION),
    help=N_("days for which the texts of messages are kept"),
)
@options.pass_invocation
def change_settings(
    invocation: Invocation,
    stop_words: tuple[str, ...],
    brands: tuple[str, ...],
    days: int | None,
) -> None:
    common: dict[str, Any] = {
        "community": invocation.community,
        "by": invocation.by,
        "at": invocation.at,
    }
    if stop_words or brands:
        word_settings.change(
            **common,
            stop_words=stop_words or None,
            brands=word_settings.parse_brands("\n".join(brands)) if brands else None,
        )
    if days is not None:
        message_texts.set_retention(**common, days=days)
    stored = word_settings.get(invocation.community)
    kept = message_texts.retention_of(invocation.community)
    invocation.out.answer(
        {
            "stop_words": list(stored.stop_words),
            "brands": [brand.to_json() for brand in stored.brands],
            "retention_days": kept,
        }
    )
    for line in (
        *stored.stop_words,
        *word_settings.format_brands(stored.brands).split("\n"),
    ):
        invocation.out.line(line)
