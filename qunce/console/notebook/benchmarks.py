"""Industry benchmarks as lines beside our own numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.core.staff.models import Staff
from qunce.insight.notebook import notebook

MAX_SHOWN = 2
"""Benchmarks beside one number, the latest ones."""


@dataclass(frozen=True)
class Line:
    text: str
    href: str


def by_metric(by: Staff) -> dict[str, list[Line]]:
    """Name of our metric or ratio → its latest benchmarks, each with its source."""
    return {
        name: [
            Line(
                _("Industry: %(value)s (%(source)s, %(day)s)")
                % {
                    "value": notebook.format_value(entry),
                    "source": entry.source,
                    "day": entry.day,
                },
                reverse("notebook:update", args=[entry.pk]),
            )
            for entry in entries[:MAX_SHOWN]
        ]
        for name, entries in notebook.load_benchmarks(by=by).items()
    }
