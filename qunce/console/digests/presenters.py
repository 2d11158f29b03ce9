"""The lines of a digest with names and links, and its text to copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.console import member_names
from qunce.core import community_days
from qunce.groups.complaints import complaint_settings
from qunce.groups.digests.promises import State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.groups.digests.group_digests import Digest
    from qunce.groups.digests.lines import Line

MAX_QUOTE, MAX_LINKS = 120, 5
STATES: dict[str, StrOrPromise] = {
    State.KEPT: pgettext_lazy("promise", "kept"),
    State.OPEN: pgettext_lazy("promise", "still open"),
    State.BROKEN: pgettext_lazy("promise", "not kept"),
}
TITLES: dict[str, StrOrPromise] = {
    "questions": gettext_lazy("Questions without an answer"),
    "promises": gettext_lazy("Promises of staff"),
    "complaints": gettext_lazy("Complaints"),
    "words": gettext_lazy("Rising topics"),
}


@dataclass(frozen=True)
class ShownLine:
    """`messages` are the ids that the line links to; `tone` is a class of chips."""

    text: str
    name: str
    at: datetime | None
    note: str
    messages: tuple[int, ...]
    tone: str = ""


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    lines: list[ShownLine]


def sections(digest: Digest) -> list[Section]:
    """The sections that have lines, what is to be done first."""
    names = member_names.find(_accounts(digest))
    labels = {
        topic.key: str(topic.label)
        for topic in complaint_settings.get(digest.group.community).topics
    }
    found = {
        "questions": [
            _line(
                each.line,
                names,
                _("asked %(n)s times") % {"n": len(each.repeats) + 1}
                if each.repeats
                else "",
                *(repeat.id for repeat in each.repeats),
            )
            for each in digest.questions
        ],
        "promises": [
            _line(
                each.line,
                names,
                str(STATES[each.state]),
                *([each.kept_by.id] if each.kept_by else ()),
                *([each.question.id] if each.question else ()),
                tone={"broken": "bad", "kept": "good"}.get(each.state, "warn"),
            )
            for each in digest.promises
        ],
        "complaints": [
            _line(each.line, names, labels.get(each.topic, each.topic), tone="warn")
            for each in digest.complaints
        ],
        "words": [
            ShownLine(
                each.word,
                "",
                None,
                ngettext("%(n)s person", "%(n)s people", each.people)
                % {"n": each.people},
                tuple(line.id for line in each.lines[:MAX_LINKS]),
            )
            for each in digest.words
        ],
    }
    return [
        Section(key, str(TITLES[key]), lines) for key, lines in found.items() if lines
    ]


def _accounts(digest: Digest) -> set[int]:
    lines = [each.line for each in digest.questions]
    lines += [each.line for each in digest.promises]
    lines += [each.line for each in digest.complaints]
    return {line.account for line in lines}


def _line(
    line: Line, names: dict[int, str], note: str, *others: int, tone: str = ""
) -> ShownLine:
    text = " ".join(line.text.split())
    short = text if len(text) <= MAX_QUOTE else f"{text[:MAX_QUOTE]}…"
    name = names.get(line.account, "")
    return ShownLine(short, name, line.at, note, (line.id, *others), tone)


def to_text(digest: Digest, shown: list[Section]) -> str:
    """The digest as plain text, to be copied into a chat of staff."""
    day = community_days.to_date(digest.day).isoformat()
    parts = [f"{digest.group.name} · {day}"]
    for section in shown:
        parts.append(f"\n{section.title} ({len(section.lines)})")
        parts += [_text_of(line) for line in section.lines]
    if not shown:
        parts.append(_("Nothing is open."))
    return "\n".join(parts)


def _text_of(line: ShownLine) -> str:
    when = f"{timezone.localtime(line.at):%H:%M} " if line.at else ""
    who = f"{line.name}{_(': ')}" if line.name else ""
    note = f" ({line.note})" if line.note else ""
    return f"- {when}{who}{line.text}{note}"
