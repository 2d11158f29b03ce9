"""Reports as text to paste: for the boss, the team, one of the team, a group's owner."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.insight.findings import sentences
from qunce.insight.findings.finding import Finding
from qunce.insight.reports import goal_rows, sections
from qunce.insight.reports.models import Report

MAX_GROUPS = 3
"""Groups that are named in one line."""
MAX_PEOPLE = 20
"""Staff whom the text for the team has a line of."""


class Tone(models.TextChoices):
    BOSS = "boss", pgettext_lazy("text for", "the boss")
    TEAM = "team", gettext_lazy("the team")
    PERSON = "person", gettext_lazy("one of the team")
    GROUP_OWNER = "group_owner", gettext_lazy("the owner of a group")


PARTS = {
    permissions.Role.OWNER: Tone.BOSS,
    permissions.Role.VIEWER: Tone.BOSS,
    permissions.Role.MANAGER: Tone.TEAM,
    permissions.Role.OPERATOR: Tone.PERSON,
}
"""Role → the text that is theirs."""


def write(report: Report, *, tone: str, group: str = "", staff: int = 0) -> str:
    """The text in a tone.

    That for an owner is of the group whose key `group` is, that for one of the team of
    the member of staff whose id is `staff`. Raises ReportNotFound.
    """
    if tone == Tone.GROUP_OWNER:
        return "\n".join(_lines_for_owner(report, group))
    if tone == Tone.PERSON:
        return "\n".join(_lines_for_person(report, staff))
    lines = _lines_for_boss(report) if tone == Tone.BOSS else _lines_for_team(report)
    return "\n".join(line for line in lines if line)


def part_of(report: Report, staff: Staff) -> Tone:
    """The text that is theirs: by role, and that for the team if there is none of them."""
    tone = PARTS[permissions.role_of(staff)]
    people = {row["staff"] for row in report.result.get("people", ())}
    return Tone.TEAM if tone == Tone.PERSON and staff.pk not in people else tone


def _lines_for_boss(report: Report) -> list[str]:
    """Five lines, and one of the goals if there are any."""
    growth, *others = sections.lines(report)
    found = sections.finding_texts(report)
    last = found[0].headline if found else sections.no_finding_line(report)
    equation = sections.account_line(report)
    return [
        f"{report.community.name} · {sections.title(report)}",
        _("%(label)s: %(value)s. %(equation)s")
        % {"label": growth.label, "value": growth.value, "equation": equation},
        *(line.text for line in others),
        goal_rows.summarise(report.result.get("goals", ())),
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
    lines += [goal_rows.line_of(row) for row in report.result.get("goals", ())]
    for text, chosen in (
        (_("Grew most: %(groups)s"), grown),
        (_("Lost most: %(groups)s"), shrunk),
    ):
        if chosen:
            names = [f"{row['name']} {row['net_growth']}" for row in chosen]
            lines.append(text % {"groups": _(", ").join(names)})
    lines += _lines_of_people(report)
    lines += [found.headline for found in sections.finding_texts(report)]
    lines += [
        _("Since %(day)s, %(action)s: %(outcome)s")
        % {"day": each.day, "action": each.action, "outcome": each.outcome}
        for each in sections.action_texts(report)
    ]
    typed = report.result["typed"]
    lines += [_typed_line(row) for row in typed[:MAX_GROUPS]]
    more = len(typed) - MAX_GROUPS
    if more > 0:
        text = ngettext(
            "%(n)s more group has typed numbers.",
            "%(n)s more groups have typed numbers.",
            more,
        )
        lines.append(text % {"n": f"{more:,}"})
    return lines


def _by_hand_line(report: Report, group: dict[str, Any]) -> str:
    """What was typed of a group that nothing measures; empty for a measured group."""
    typed = sections.find_typed(report, group)
    if typed:
        return _typed_line(typed)
    if not sections.is_counted_by_hand(report, group):
        return ""
    if sections.has_section(report, "typed"):
        return _("%(name)s: its numbers were not typed") % group
    return _("%(name)s: its numbers are typed and not in this report") % group


def _typed_line(row: dict[str, Any]) -> str:
    numbers = {name: row[name] or "–" for name in ("members", "joins", "leaves")}
    return _(
        "%(group)s (typed): %(members)s members, %(joins)s joined, %(leaves)s left"
    ) % {"group": row["name"], **numbers}


def _lines_of_people(report: Report) -> list[str]:
    """One line of each of the team, and how many more there are."""
    people = report.result.get("people", ())
    lines = [
        _("%(name)s: %(numbers)s")
        % {"name": row["name"], "numbers": _("; ").join(_numbers_of(row))}
        for row in people[:MAX_PEOPLE]
    ]
    more = len(people) - MAX_PEOPLE
    if more > 0:
        text = ngettext(
            "%(n)s more of the team is in the table.",
            "%(n)s more of the team are in the table.",
            more,
        )
        lines.append(text % {"n": f"{more:,}"})
    return lines


def _numbers_of(row: dict[str, Any]) -> list[str]:
    """What somebody was in charge of: their members, and their groups together."""
    numbers = []
    if row["in_charge"] != "0":
        numbers.append(
            _(
                "in charge of %(in_charge)s members, of whom %(in_charge_active)s were "
                "active and %(in_charge_buyers)s bought"
            )
            % row
        )
    if row["groups"]:
        text = ngettext(
            "%(n)s group with net growth %(net_growth)s and %(active)s active",
            "%(n)s groups with net growth %(net_growth)s and %(active)s active",
            len(row["groups"]),
        )
        numbers.append(text % {**row, "n": f"{len(row['groups']):,}"})
    return numbers


def _lines_for_person(report: Report, staff: int) -> list[str]:
    """What one of the team was in charge of, and each of their groups."""
    row = sections.find_person(report, staff)
    keys = [group["key"] for group in row["groups"]]
    lines = [f"{row['name']} · {sections.title(report)}", *_numbers_of(row)]
    if sections.has_section(report, "groups"):
        for key in keys:
            group = sections.find_group(report, key)
            text = _("%(name)s: %(joins)s joined, %(leaves)s left, %(active)s active")
            lines.append(_by_hand_line(report, group) or text % group)
    found = [Finding.from_json(each) for each in report.result["findings"] or ()]
    return lines + [sentences.headline(each) for each in found if each.group in keys]


def _lines_for_owner(report: Report, key: str) -> list[str]:
    row = sections.find_group(report, key)
    lines = [f"{row['name']} · {sections.title(report)}"]
    by_hand = _by_hand_line(report, row)
    if by_hand:
        lines.append(by_hand)
    else:
        lines += [
            _("%(joins)s joined, %(leaves)s left, net growth %(net_growth)s.") % row,
            _("%(active)s were active and wrote %(messages)s messages.") % row,
        ]
    found = [Finding.from_json(each) for each in report.result["findings"] or ()]
    lines += [sentences.headline(each) for each in found if each.group == key]
    own = (goal for goal in report.result.get("goals", ()) if goal["group"] == key)
    lines += [goal_rows.line_of(goal) for goal in own]
    return lines
