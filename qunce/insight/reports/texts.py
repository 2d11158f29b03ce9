"""Reports as text to paste: for the boss, for the team, for the owner of a group."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.insight.findings import sentences
from qunce.insight.findings.finding import Finding
from qunce.insight.reports import sections
from qunce.insight.reports.models import Report

MAX_GROUPS = 3
"""Groups that are named in one line."""


class Tone(models.TextChoices):
    BOSS = "boss", pgettext_lazy("text for", "the boss")
    TEAM = "team", gettext_lazy("the team")
    GROUP_OWNER = "group_owner", gettext_lazy("the owner of a group")


def write(report: Report, *, tone: str, group: str = "") -> str:
    """The text in a tone; that for an owner is of the group whose key is `group`."""
    if tone == Tone.GROUP_OWNER:
        return "\n".join(_lines_for_owner(report, group))
    return "\n".join(
        _lines_for_boss(report) if tone == Tone.BOSS else _lines_for_team(report)
    )


def _lines_for_boss(report: Report) -> list[str]:
    """Five lines."""
    growth, *others = sections.lines(report)
    found = sections.finding_texts(report)
    last = found[0].headline if found else sections.no_finding_line(report)
    equation = sections.account_line(report)
    return [
        f"{report.community.name} · {sections.title(report)}",
        _("%(label)s: %(value)s. %(equation)s")
        % {"label": growth.label, "value": growth.value, "equation": equation},
        *(line.text for line in others),
        last,
    ]


def _lines_for_team(report: Report) -> list[str]:
    """What happened in which group, what was found and what came of actions."""
    rows = report.result["groups"]["rows"]
    grown = [row for row in rows if row["net_growth"].startswith("+")][:MAX_GROUPS]
    shrunk = [
        row for row in rows[::-1] if row["net_growth"].startswith("\N{MINUS SIGN}")
    ][:MAX_GROUPS]
    lines = [sections.title(report)]
    lines += [line.text for line in sections.lines(report)]
    for text, chosen in (
        (_("Grew most: %(groups)s"), grown),
        (_("Lost most: %(groups)s"), shrunk),
    ):
        if chosen:
            names = [f"{row['name']} {row['net_growth']}" for row in chosen]
            lines.append(text % {"groups": _(", ").join(names)})
    lines += [found.headline for found in sections.finding_texts(report)]
    lines += [
        _("Since %(day)s, %(action)s: %(outcome)s")
        % {"day": each.day, "action": each.action, "outcome": each.outcome}
        for each in sections.action_texts(report)
    ]
    typed = report.result["typed"]
    lines += [
        _("%(group)s (typed): %(members)s members, %(joins)s joined, %(leaves)s left")
        % {
            "group": row["name"],
            **{name: row[name] or "–" for name in ("members", "joins", "leaves")},
        }
        for row in typed[:MAX_GROUPS]
    ]
    more = len(typed) - MAX_GROUPS
    if more > 0:
        text = ngettext(
            "%(n)s more group has typed numbers.",
            "%(n)s more groups have typed numbers.",
            more,
        )
        lines.append(text % {"n": f"{more:,}"})
    return lines


def _lines_for_owner(report: Report, key: str) -> list[str]:
    row = sections.find_group(report, key)
    lines = [
        f"{row['name']} · {sections.title(report)}",
        _("%(joins)s joined, %(leaves)s left, net growth %(net_growth)s.") % row,
        _("%(active)s were active and wrote %(messages)s messages.") % row,
    ]
    found = [Finding.from_json(each) for each in report.result["findings"] or ()]
    lines += [sentences.headline(each) for each in found if each.group == key]
    return lines
