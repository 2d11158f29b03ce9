"""Care rules, coming days and results in the words of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.console.outreach import labels
from qunce.core import day_texts
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.outreach import skip_reasons
from qunce.outreach.care import occasions, rules
from qunce.outreach.care.forecast import Coming, ComingDay
from qunce.outreach.care.models import CareOccasion, CareRule
from qunce.outreach.care.results import CareResults
from qunce.outreach.content import variable_values
from qunce.outreach.sending.ledger import State
from qunce.outreach.tasks import kinds
from qunce.outreach.tasks.kinds.gift import GIFT


@dataclass(frozen=True)
class Row:
    rule: CareRule
    occasion: str
    time: str


@dataclass(frozen=True)
class DayRow:
    """A day, such as “tomorrow”, and a line for each rule."""

    label: str
    count: int
    lines: list[tuple[CareRule, str]]


def row_of(rule: CareRule) -> Row:
    occasion = occasions.parse(rule.occasion)
    return Row(rule, occasion.phrase(), time_of(rule))


def time_of(rule: CareRule) -> str:
    """Such as “09:00, each member’s time”."""
    clock = "{:02}:{:02}".format(*divmod(rule.minute, 60))
    if rule.member_clock:
        return _("%(time)s, each member’s time") % {"time": clock}
    return clock


def day_rows(found: Sequence[ComingDay], today: date) -> list[DayRow]:
    return [
        DayRow(
            day_texts.day(each.day, today),
            each.count,
            [(one.rule, _count_text(one)) for one in each.occasions],
        )
        for each in found
    ]


def _count_text(coming: Coming) -> str:
    count = f"{coming.count:,}"
    if coming.lunar:
        words = {"n": count, "lunar": f"{coming.lunar:,}"}
        return _("%(n)s, %(lunar)s of them lunar") % words
    return count


def audience(rule: CareRule, by: Staff) -> str:
    if rule.audience is None:
        return _("everyone")
    return labels.describe_rule(by, rule.audience)


def result_lines(found: CareResults) -> list[tuple[str, int]]:
    """What became of the members, in the order in which it happens."""
    lines = [(_("Planned"), found.planned)]
    lines += [
        (str(state.label), found.messages[state])
        for state in State
        if found.messages[state]
    ]
    lines += [(_outcome(key), count) for key, count in sorted(found.outcomes.items())]
    lines += [
        (_("Skipped: %(reason)s") % {"reason": skip_reasons.label_of(reason)}, count)
        for reason, count in sorted(found.skipped.items())
    ]
    if found.released:
        lines.append((pgettext("care", "Not given"), found.released))
    if found.late:
        lines.append((_("Too late"), found.late))
    return lines


def _outcome(key: str) -> str:
    if not key:
        return _("With staff, nothing recorded yet")
    return str(kinds.get(GIFT.key).outcome(key).label)


def facts_of(rule: CareRule, by: Staff) -> list[tuple[str, str]]:
    """The settings of a rule, line by line."""
    row = row_of(rule)
    lines = [
        (_("Occasion"), row.occasion),
        (_("For whom"), audience(rule, by)),
        (_("Time of day"), row.time),
        (_("What happens"), rule.get_action_display()),
    ]
    if rules.needs_staff(rule) and rule.staff is not None:
        who = rule.staff.name
        if rule.prefers_in_charge:
            who = _("staff in charge, else %(name)s") % {"name": who}
        lines.append((_("Done by"), who))
    late = _("after %(n)s hours") % {"n": rule.late_hours}
    return [*lines, (_("Too late"), late), (_("Purpose"), rule.get_purpose_display())]


@dataclass(frozen=True)
class Gift:
    """A member with what is reserved for them; the name is "" once they are erased."""

    occasion: CareOccasion
    name: str


def gifts(found: Sequence[CareOccasion], by: Staff) -> list[Gift]:
    people = [row.account_id for row in found if row.account_id is not None]
    values = variable_values.member_values(by.community, people, {"name"}, by)
    person_ids = account_queries.person_ids(people)
    keys = account_queries.keys_by_id(by.community, people)
    return [
        Gift(
            row,
            values.get(person_ids.get(row.account_id or 0, 0), {}).get("name", "")
            or masking.key(keys.get(row.account_id or 0, ""), by),
        )
        for row in found
    ]
