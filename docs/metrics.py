"""The page of metrics, ratios and identities, from the dictionary."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from docs import markdown
from qunce.insight import identities, metric_dictionary, small_numbers
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    Grain,
    Metric,
    Place,
    Ratio,
)


def page() -> str:
    levels = ((COMMUNITY, _("Of the community")), (GROUP, _("Of a group")))
    rows = [
        (markdown.code(each.key), str(each.statement), markdown.codes(each.metrics))
        for each in identities.list_all()
    ]
    identities_title = _("Identities")
    return "\n\n".join(
        (
            _(
                "Every number under one of these names is computed by one function, "
                "wherever it is shown. Days are days of the community, and people who "
                "work here are never counted."
            ),
            _(
                "A ratio is its two numbers. Over a span they are those of the span as a "
                "whole, and ratios are never averaged. A ratio of fewer than %(n)s people "
                "is shown as “not enough to say”."
            )
            % {"n": small_numbers.MIN_PEOPLE},
            *(_level(level, title) for level, title in levels),
            f"## {identities_title}",
            _("`qunce doctor --numbers` compares them on a real community."),
            markdown.table((_("key"), _("statement"), _("metrics")), rows),
        )
    )


def _level(level: str, title: str) -> str:
    entries = metric_dictionary.list_entries(level)
    return "\n\n".join((f"## {title}", *(_entry(entry, level) for entry in entries)))


def _entry(entry: Metric | Ratio, level: str) -> str:
    row: dict[str, Any] = metric_dictionary.describe(entry, level)
    grain = _("a ratio of two numbers")
    if isinstance(entry, Metric):
        grain = str(Grain(row["grain"]).label)
    facts = [
        (_("formula"), markdown.code(row["formula"])),
        (_("unit"), row["unit"]),
        (_("grain"), grain),
    ]
    if isinstance(entry, Metric) and not entry.additive:
        facts.append((_("days"), _("are never added up")))
    if row["shown_on"]:
        places = (str(Place(place).label) for place in row["shown_on"])
        facts.append((_("shown on"), ", ".join(places)))
    return "\n\n".join(
        (
            f"### {row['label']} `{entry.name}`",
            row["definition"],
            markdown.table((_("property"), _("value")), facts),
        )
    )
