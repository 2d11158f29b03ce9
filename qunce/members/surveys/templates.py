"""Templates of surveys: what is asked after an event, a case or a month, or who left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django_stubs_ext import StrOrPromise

from qunce.members.surveys.models import Layout, Repeat
from qunce.members.surveys.questions import Kind


@dataclass(frozen=True, kw_only=True)
class Template:
    """`questions` are written in the active language when the template is used."""

    key: str
    label: StrOrPromise
    questions: Callable[[], list[dict[str, Any]]]
    repeat: str = Repeat.ONCE
    layout: str = Layout.ALL
    is_anonymous: bool = False

    def fields(self) -> dict[str, Any]:
        return {
            "draft": self.questions(),
            "repeat": self.repeat,
            "layout": self.layout,
            "is_anonymous": self.is_anonymous,
        }


def _score(text: str) -> list[dict[str, Any]]:
    return [{"key": "score", "kind": Kind.SCALE, "text": text}]


def _month() -> list[dict[str, Any]]:
    return [
        {
            "key": "score",
            "kind": Kind.NPS,
            "text": _("How likely are you to recommend our group to a friend?"),
        }
    ]


def _why() -> list[dict[str, Any]]:
    options = [
        _("No time"),
        _("The times did not suit me"),
        _("Not what I need"),
        _("Too many messages"),
        _("Too few benefits"),
        _("I did not know of it"),
        pgettext("reason", "Something else"),
    ]
    return [
        {
            "key": "why",
            "kind": Kind.SINGLE,
            "text": _("What kept you away?"),
            "options": [
                {"key": f"r{n}", "text": text} for n, text in enumerate(options, 1)
            ],
        }
    ]


TEMPLATES = {
    each.key: each
    for each in (
        Template(
            key="event",
            label=gettext_lazy("Satisfaction after an event"),
            questions=lambda: _score(_("How did you like the event?")),
            repeat=Repeat.DAY,
        ),
        Template(
            key="case",
            label=gettext_lazy("Satisfaction after a case"),
            questions=lambda: _score(_("How well did we solve it?")),
            repeat=Repeat.DAY,
        ),
        Template(
            key="month",
            label=gettext_lazy("Satisfaction each month"),
            questions=_month,
            repeat=Repeat.MONTH,
        ),
        Template(
            key="why",
            label=gettext_lazy("Why somebody left or did not take part"),
            questions=_why,
        ),
    )
}
