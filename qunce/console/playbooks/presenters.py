"""Playbooks as the pages show them: lines of the list of steps, numbers, names of members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.console.outreach import comparison_lines, labels
from qunce.console.outreach.comparison_lines import ComparisonLine
from qunce.console.outreach.labels import Chip
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.outreach.contact_budget import kept_places
from qunce.outreach.content import variable_values
from qunce.outreach.playbooks import (
    explanations,
    playbooks,
    resources,
    results,
    variant_results,
)
from qunce.outreach.playbooks.definitions import Checked, Definition, Subject
from qunce.outreach.playbooks.models import Playbook, Run, RunStep, State
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.questions import RuleQuestion
from qunce.outreach.playbooks.results import StepNumbers
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.variant_results import VariantCount
from qunce.outreach.playbooks.working_days import Only
from qunce.outreach.sending.ledger import Message, Origin

STATE_CLASSES = {
    State.DRAFT: "",
    State.RUNNING: "good",
    State.PAUSED: "warn",
    State.CLOSED: "info",
    State.STOPPED: "",
}


@dataclass(frozen=True)
class Line:
    """A step in the list, or the heading of a block inside one.

    `block` is set for a heading, whose `step` is the one around it.
    """

    step: Step
    depth: int
    number: str = ""
    phrase: str = ""
    icon: str = ""
    block: str = ""
    heading: StrOrPromise = ""
    is_empty: bool = False
    numbers: StepNumbers = field(default_factory=StepNumbers)
    skipped: list[tuple[str, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def lines(
    definition: Definition,
    names: Names,
    *,
    numbers: Mapping[str, StepNumbers] | None = None,
    problems: Mapping[str, list[str]] | None = None,
) -> list[Line]:
    """The indented list of steps."""
    found = _lines(definition.steps, definition, names, 0)
    return [
        line if line.block else _with(line, (numbers or {}), (problems or {}))
        for line in found
    ]


def _with(
    line: Line,
    numbers: Mapping[str, StepNumbers],
    problems: Mapping[str, list[str]],
) -> Line:
    own = numbers.get(line.step.id, StepNumbers())
    skipped = [(explanations.label_of(why), n) for why, n in own.skipped.items()]
    return Line(
        step=line.step,
        depth=line.depth,
        number=line.number,
        phrase=line.phrase,
        icon=line.icon,
        numbers=own,
        skipped=skipped,
        problems=problems.get(line.step.id, []),
    )


def _lines(
    steps: Sequence[Step], definition: Definition, names: Names, depth: int
) -> Iterator[Line]:
    for step in steps:
        yield Line(
            step=step,
            depth=depth,
            number=definition.graph.numbers[step.id],
            phrase=step.phrase(names),
            icon=step.icon,
        )
        for block in step.blocks():
            yield Line(
                step=step,
                depth=depth + 1,
                block=block.name,
                heading=block.label,
                is_empty=not block.steps,
            )
            yield from _lines(block.steps, definition, names, depth + 1)


@dataclass(frozen=True)
class Kind:
    """A kind of steps. Templates would call the class itself."""

    kind: str
    label: StrOrPromise
    description: StrOrPromise


def kind_of(name: str) -> Kind:
    found = base.kinds()[name]
    return Kind(found.kind, found.label, found.description)


def step_kinds(definition: Definition) -> list[Kind]:
    """The kinds of steps that can be added to this playbook."""
    of_groups = definition.subject == Subject.GROUP
    kept = [
        each
        for each in base.kinds().values()
        if (each.for_groups if of_groups else each.for_members)
    ]
    return [kind_of(each.kind) for each in sorted(kept, key=lambda each: each.rank)]


@dataclass(frozen=True)
class Row:
    """A playbook in the list."""

    playbook: Playbook
    state_class: str
    entry: str
    started: int
    live: int
    waits: int


def rows(shown: Iterable[Playbook], request: http.Request) -> list[Row]:
    found = []
    for playbook in shown:
        numbers = results.count(playbook=playbook, by=request.staff)
        definition = playbooks.definition_of(playbook)
        names = resources.names_of(playbook.community, definition)
        found.append(
            Row(
                playbook=playbook,
                state_class=STATE_CLASSES[State(playbook.state)],
                entry=definition.entry.phrase(names),
                started=numbers.started,
                live=numbers.live,
                waits=numbers.held + numbers.stale,
            )
        )
    return found


def about(definition: Definition, names: Names) -> list[tuple[str, str]]:
    """What the playbook is besides its steps, as pairs of a heading and a sentence."""
    pairs = [
        (_("Begins"), definition.entry.phrase(names)),
        (_("Again"), definition.again.phrase()),
    ]
    if definition.exits:
        sentence = ", ".join(match.phrase() for match in definition.exits)
        pairs.append((_("Ends immediately when"), sentence))
    for condition in definition.conditions:
        question = RuleQuestion(condition.rule).phrase(names)
        checked = str(Checked(condition.checked).label)
        pairs.append((_("Condition"), f"{question} ({checked})"))
    if definition.lane.name:
        lane = _("%(name)s, rank %(rank)s") % {
            "name": definition.lane.name,
            "rank": definition.lane.rank,
        }
        pairs.append((_("Lane"), lane))
    if definition.days.limits:
        only = str(Only(definition.days.only).label)
        dates = ", ".join(sorted(day.isoformat() for day in definition.days.except_for))
        without = _("not on %(dates)s") % {"dates": dates} if dates else ""
        pairs.append((_("Acts"), ", ".join(filter(None, [only, without]))))
    return pairs


@dataclass(frozen=True)
class StepRow:
    """A step that a run has done or skipped; `chip` is the state of its message."""

    number: str
    phrase: str
    step: RunStep
    reason: str
    message: Message | None = None

    @property
    def chip(self) -> Chip | None:
        if self.message is None or self.reason:
            return None
        return labels.recipient_chip(self.message.state)


def step_rows(run: Run, definition: Definition, request: http.Request) -> list[StepRow]:
    """What a run has done and skipped, the oldest first."""
    names = resources.names_of(request.community, definition)
    done = explanations.list_steps(run)
    kept = kept_places.names_by_origin(
        Origin.PLAYBOOK, [step.pk for step in done], request.staff
    )
    sent = Message.objects.in_bulk([s.message_id for s in done if s.message_id])
    by_id = definition.graph.by_id
    return [
        StepRow(
            number=names.step(step.step),
            phrase=by_id[step.step].phrase(names) if step.step in by_id else "",
            step=step,
            reason=explanations.label_of(step.reason, kept_for=kept.get(step.pk, ""))
            if step.reason
            else "",
            message=sent.get(step.message_id or 0),
        )
        for step in done
    ]


@dataclass(frozen=True)
class RunRow:
    run: Run
    name: str
    url_id: int
    sentence: str


def run_rows(
    runs: Sequence[Run], playbook: Playbook, request: http.Request
) -> list[RunRow]:
    """Runs with the names of whom they are about; hidden ones are left out."""
    targets = [run.target_id for run in runs]
    names = target_names(playbook, targets, request)
    return [
        RunRow(
            run=run,
            name=names[run.target_id],
            url_id=run.target_id,
            sentence=explanations.describe_run(run, playbook),
        )
        for run in runs
        if run.target_id in names
    ]


def target_names(
    playbook: Playbook, targets: Sequence[int], request: http.Request
) -> dict[int, str]:
    """Account or group → its name, or the masked key of a member without one."""
    if playbook.subject == Subject.GROUP:
        groups = Group.objects.filter(community=request.community, pk__in=targets)
        return dict(groups.values_list("pk", "name"))
    return member_names(targets, request)


def member_names(targets: Sequence[int], request: http.Request) -> dict[int, str]:
    people = account_queries.person_ids(targets)
    persons = sorted(set(people.values()))
    names = variable_values.member_values(request.community, persons, {"name"}, None)
    keys = account_queries.keys_by_id(request.community, targets)
    return {
        target: names.get(person, {}).get("name")
        or masking.key(keys.get(target, ""), request.staff)
        for target, person in people.items()
    }


@dataclass(frozen=True)
class Test:
    """The variants of a step, with what the comparisons say."""

    step: str
    number: str
    sides: list[VariantCount]
    lines: list[ComparisonLine]


def tests(playbook: Playbook, request: http.Request) -> list[Test]:
    found = variant_results.measure(playbook=playbook, by=request.staff, at=request.at)
    return [
        Test(
            each.step,
            each.number,
            each.sides,
            [
                comparison_lines.to_line(one, control=_("the text of the step"))
                for one in each.comparisons
            ],
        )
        for each in found
    ]


def ending_rows(ended: Mapping[str, int]) -> list[tuple[str, int]]:
    labelled = ((explanations.label_of(why), n) for why, n in ended.items())
    return sorted(labelled, key=lambda pair: -pair[1])


def draft_context(playbook: Playbook) -> dict[str, Any]:
    """The steps of the draft and what else it says, for the pages before it runs."""
    definition = playbooks.definition_of(playbook)
    names = resources.names_of(playbook.community, definition)
    return {
        "lines": lines(definition, names),
        "about": about(definition, names),
    }
