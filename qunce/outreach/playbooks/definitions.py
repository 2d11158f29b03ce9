"""What a playbook is: how it begins, whom it lets in, its steps, and how it ends.

A definition is immutable and has a JSON form, which is stored as a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.outreach.playbooks import entries, graph, histories, reentry
from qunce.outreach.playbooks.actions import Action, End, Ending, GoTo, RunPosition
from qunce.outreach.playbooks.entries import Entry
from qunce.outreach.playbooks.histories import FactMatch
from qunce.outreach.playbooks.reentry import Reentry
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.working_days import DayFilter, Only

FORMAT = 1
"""The number of the JSON form. A change that older code would misread raises it; then
`parse` has to read the older ones still, as runs follow stored versions for months."""
MAX_GRACE_MINUTES = 7 * 24 * 60
MAX_LATE_HOURS = 24 * 366
MAX_EXITS = 20
MAX_SKIPPED_DATES = 400
MAX_DEPTH, MAX_VALUES = 200, 50_000
"""Of the JSON form. A rule of the greatest depth fits inside dozens of branches."""


class InvalidDefinition(errors.Invalid):
    """A playbook has an entry, a rule for entering again, and steps."""


class UnknownFormat(InvalidDefinition):
    """The definition was written by a newer version of Qunce."""


class Subject(models.TextChoices):
    MEMBER = "member", gettext_lazy("members")
    GROUP = "group", gettext_lazy("groups")


class Checked(models.TextChoices):
    """When a condition is asked."""

    ENTRY = "entry", gettext_lazy("at the start")
    STEP = "step", gettext_lazy("before each step")
    BOTH = "both", gettext_lazy("at the start and before each step")


@dataclass(frozen=True)
class Condition:
    rule: Any
    checked: str = Checked.ENTRY

    @property
    def at_entry(self) -> bool:
        return self.checked in (Checked.ENTRY, Checked.BOTH)

    @property
    def at_steps(self) -> bool:
        return self.checked in (Checked.STEP, Checked.BOTH)


@dataclass(frozen=True)
class Lane:
    """Playbooks of one lane exclude each other; a lower rank is more important."""

    name: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Definition:
    """`grace_minutes` is how long an event waits for the condition at the start to hold.

    Events that become known later than `late_hours` after they happened start no run.
    """

    entry: Entry
    steps: tuple[Step, ...]
    subject: str = Subject.MEMBER
    again: Reentry = field(default_factory=Reentry)
    exits: tuple[FactMatch, ...] = ()
    conditions: tuple[Condition, ...] = ()
    grace_minutes: int = 30
    late_hours: int = 24
    lane: Lane = field(default_factory=Lane)
    days: DayFilter = field(default_factory=DayFilter)

    @cached_property
    def graph(self) -> graph.Graph:
        return graph.build(self.steps)

    def begin(self, since: datetime, zone: ZoneInfo) -> Action:
        return self._arrive(self.graph.first, since, zone)

    def arrive(
        self, step: str, run: RunPosition, at: datetime, planned: datetime | None = None
    ) -> Action:
        """The run gets to a step, or to the end if `step` is empty.

        It was planned for `planned`, or for when the run was due.
        """
        planned = planned or run.due_at
        if step and self.graph.by_id[step].waits:
            planned = run.counted_from(planned, at)
        return self._arrive(step, planned, run.zone)

    def _arrive(self, step: str, since: datetime, zone: ZoneInfo) -> Action:
        if not step:
            return End(Ending.DONE, since)
        due_at = self.graph.by_id[step].due_at(since, self, zone)
        return GoTo(step, since, due_at)

    def walk(self) -> Iterator[Step]:
        return base.walk(self.steps)

    def kinds(self) -> frozenset[str]:
        """Kinds of facts that runs look at, besides the entry."""
        found = {match.kind for match in self.exits}
        return frozenset(found).union(*(step.kinds() for step in self.walk()))

    def entry_kinds(self) -> frozenset[str]:
        return frozenset(match.kind for match in self.entry.matches())

    def earlier_days(self) -> int:
        """How many days before its start a run looks back."""
        return max((step.looks_back_days() for step in self.walk()), default=0)

    def rules(self) -> list[Any]:
        """All rules about members that the playbook asks."""
        rules = [condition.rule for condition in self.conditions]
        return [*rules, *(rule for step in self.walk() for rule in step.rules())]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "for": self.subject,
            "entry": self.entry.to_json(),
            "again": self.again.to_json(),
            "exit": [match.to_json() for match in self.exits],
            "conditions": [
                {"rule": condition.rule, "checked": condition.checked}
                for condition in self.conditions
            ],
            "grace_minutes": self.grace_minutes,
            "late_hours": self.late_hours,
            "lane": {"name": self.lane.name, "rank": self.lane.rank},
            "only": self.days.only,
            "except": sorted(day.isoformat() for day in self.days.except_for),
            "steps": [step.to_json() for step in self.steps],
        }


FIELDS = frozenset(
    {
        *("format", "for", "entry", "again", "exit", "conditions", "grace_minutes"),
        *("late_hours", "lane", "only", "except", "steps"),
    }
)


def check_size(value: Any) -> None:
    """Raise InvalidDefinition for JSON that is too deep or too large to be worked with."""
    level, depth, size = [value], 0, 0
    while level:
        depth, size = depth + 1, size + len(level)
        if depth > MAX_DEPTH or size > MAX_VALUES:
            raise InvalidDefinition(
                _("The playbook is too large, or its steps are nested too deeply.")
            )
        level = [child for each in level for child in _children(each)]


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def parse(value: Any, *, region: str = "CN") -> Definition:
    """The definition of its JSON form. Raises errors.Invalid with a sentence."""
    if not isinstance(value, Mapping):
        raise InvalidDefinition(_("A playbook is an object with an entry and steps."))
    _check_format(value.get("format", FORMAT))
    check_size(value)
    unknown = sorted(set(value) - FIELDS)
    if unknown:
        raise InvalidDefinition(
            _("A playbook has no field “%(name)s”.") % {"name": unknown[0]}
        )
    subject = value.get("for", Subject.MEMBER)
    if subject not in Subject:
        raise InvalidDefinition(_("A playbook is for members or for groups."))
    exits = value.get("exit", [])
    if not isinstance(exits, list) or len(exits) > MAX_EXITS:
        raise InvalidDefinition(
            _("A playbook has at most %(n)s exits.") % {"n": MAX_EXITS}
        )
    return Definition(
        subject=subject,
        entry=entries.parse(value.get("entry")),
        again=reentry.parse(value.get("again", {"mode": reentry.Mode.NEVER})),
        exits=tuple(histories.parse_match(each) for each in exits),
        conditions=tuple(_conditions(value.get("conditions", []))),
        grace_minutes=_number(value, "grace_minutes", 30, MAX_GRACE_MINUTES),
        late_hours=_number(value, "late_hours", 24, MAX_LATE_HOURS),
        lane=_lane(value.get("lane", {})),
        days=_days(value, region),
        steps=base.parse_list(value.get("steps", [])),
    )


def _check_format(value: Any) -> None:
    # Before anything else, as only this is known about other formats.
    if value != FORMAT or isinstance(value, bool):
        raise UnknownFormat(
            _(
                "The playbook has the format %(given)s, but this version of Qunce reads"
                " format %(known)s. Update Qunce, or export the playbook again."
            )
            % {"given": value, "known": FORMAT}
        )


def _conditions(value: Any) -> Iterator[Condition]:
    if not isinstance(value, list) or len(value) > MAX_EXITS:
        raise InvalidDefinition(_("Conditions are a list."))
    for each in value:
        if not isinstance(each, Mapping) or set(each) - {"rule", "checked"}:
            raise InvalidDefinition(
                _("A condition has a rule, and says when it is checked.")
            )
        checked = each.get("checked", Checked.ENTRY)
        if checked not in Checked or not isinstance(each.get("rule"), Mapping):
            raise InvalidDefinition(
                _("A condition has a rule, and says when it is checked.")
            )
        yield Condition(each["rule"], checked)


def _lane(value: Any) -> Lane:
    if not isinstance(value, Mapping):
        raise InvalidDefinition(_("A lane has a name and a rank."))
    name, rank = value.get("name", ""), value.get("rank", 0)
    if not isinstance(name, str) or len(name) > 40 or not isinstance(rank, int):
        raise InvalidDefinition(_("A lane has a name and a rank."))
    if not 0 <= rank <= 100:
        raise InvalidDefinition(_("The rank in a lane is between 0 and 100."))
    return Lane(" ".join(name.split()), rank)


def _days(value: Mapping[str, Any], region: str) -> DayFilter:
    only, dates = value.get("only", Only.ANY), value.get("except", [])
    if only not in Only:
        raise InvalidDefinition(_("Choose the days on which the playbook acts."))
    if not isinstance(dates, list) or len(dates) > MAX_SKIPPED_DATES:
        raise InvalidDefinition(
            _("At most %(n)s dates can be left out.") % {"n": MAX_SKIPPED_DATES}
        )
    try:
        skipped = frozenset(date.fromisoformat(str(text)) for text in dates)
    except ValueError:
        raise InvalidDefinition(_("Write dates to leave out as 2026-10-01.")) from None
    return DayFilter(only, skipped, region)


def _number(value: Mapping[str, Any], name: str, default: int, most: int) -> int:
    number = value.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidDefinition(_("“%(name)s” is a number.") % {"name": name})
    if not 0 <= number <= most:
        raise InvalidDefinition(
            _("“%(name)s” is between 0 and %(most)s.")
            % {"name": name, "most": f"{most:,}"}
        )
    return number
