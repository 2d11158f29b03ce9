"""What a playbook would have done: its draft run against real past facts."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import errors, timestamps
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.contact_budget import pressure
from qunce.outreach.contact_budget.limits import LONGEST_WINDOW, Contact
from qunce.outreach.playbooks import (
    lifecycle,
    message_reasons,
    past_entries,
    playbooks,
    polling,
    resources,
    run_entries,
    run_reactions,
    simulation,
)
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.entries import SegmentEntry, SizeEntry
from qunce.outreach.playbooks.histories import Event
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.reentry import Refusal, Trigger
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.outreach.playbooks.simulation import Done, Entrance, Result, Surroundings
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.sending import timing
from qunce.outreach.sending.ledger import Message, Origin, Purpose, Sender
from qunce.outreach.service_styles import assignment
from qunce.sets import audiences, timelines

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_DAYS = 366
MAX_EXAMPLES = 20


@dataclass(frozen=True)
class StepCount:
    """How often a step was done, and not done, by reason."""

    step: str
    number: str
    phrase: str
    sends: bool
    done: int
    skipped: dict[str, int]


@dataclass(frozen=True)
class Rehearsal:
    """`over_budget` is how many messages the contact budget stopped.

    `assumptions` are sentences about what is not known of the past.
    """

    since: datetime
    until: datetime
    runs: int
    people: int
    messages: int
    recipients: int
    over_budget: int
    refused: dict[str, int]
    ended: dict[str, int]
    steps: list[StepCount]
    done: list[Done]
    assumptions: list[str]

    @property
    def examples(self) -> list[Done]:
        """The first messages."""
        sending = {step.step for step in self.steps if step.sends}
        sent = (each for each in self.done if each.step in sending and not each.reason)
        return list(itertools.islice(sent, MAX_EXAMPLES))


@dataclass(frozen=True)
class StartPreview(Rehearsal):
    """`begin` is how many begin immediately, and `digest` that of what is shown."""

    begin: int
    digest: str


@dataclass(frozen=True)
class Entered:
    """The entries that would have begun runs; `too_late` counts the events that became known too late."""

    runs: list[NewRun]
    too_late: int = 0


def rehearse(
    *, playbook: Playbook, since: datetime, until: datetime, by: Staff, at: datetime
) -> Rehearsal:
    """Run the draft against the facts of a span of the past.

    Rules, opt-outs and values of variables are those of today.
    """
    playbooks.check_may_manage(playbook, by)
    if not since < until <= at or until - since > timedelta(days=MAX_DAYS):
        raise errors.Invalid(
            _("Choose a span of at most %(n)s days that is past.") % {"n": MAX_DAYS}
        )
    playbooks.check_complete(playbook, by)
    definition = playbooks.definition_of(playbook)
    entered = _find_entered(playbook, definition, since, until, at)
    found = _play(playbook, definition, entered.runs, since, until, at)
    assumptions = [*found.assumptions, *_describe_late(definition, entered.too_late)]
    return dataclasses.replace(found, assumptions=assumptions)


def preview_start(
    *, playbook: Playbook, choice: Choice, by: Staff, at: datetime
) -> StartPreview:
    """What would happen within a day if the playbook were switched on now."""
    playbooks.check_may_manage(playbook, by)
    playbooks.check_complete(playbook, by)
    definition = playbooks.definition_of(playbook)
    new = lifecycle.list_existing(playbook, definition, choice, at)
    since = min((each.at for each in new), default=at)
    found = _play(playbook, definition, new, since, at + timedelta(days=1), at)
    digest = lifecycle.digest_of_start(playbook, choice, len(new))
    return StartPreview(**vars(found), begin=len(new), digest=digest)


def _find_entered(
    playbook: Playbook,
    definition: Definition,
    since: datetime,
    until: datetime,
    at: datetime,
) -> Entered:
    entry = definition.entry
    if isinstance(entry, SegmentEntry):
        found = past_entries.list_segment_entries(playbook, entry, since, until)
        return Entered(list(found))
    if isinstance(entry, SizeEntry):
        grown = past_entries.list_size_entries(playbook, entry, since, until, at)
        return Entered(list(grown))
    if not entry.matches():
        return Entered(list(polling.list_between(playbook, definition, since, until)))
    return _find_entered_by_facts(playbook, definition, since, until)


def _find_entered_by_facts(
    playbook: Playbook, definition: Definition, since: datetime, until: datetime
) -> Entered:
    runs, too_late = [], 0
    for fact in timelines.list_facts_of_kinds(
        community=playbook.community,
        kinds=definition.entry_kinds(),
        since=since,
        until=until,
    ):
        matches = run_reactions.is_entry(definition, fact.kind, fact.payload)
        if not matches or fact.account is None:
            continue
        # What became known too late would have started nothing.
        if fact.recorded_at - fact.happened_at > timedelta(hours=definition.late_hours):
            too_late += 1
            continue
        key = run_reactions.entry_key(definition, fact)
        runs.append(NewRun(fact.account, key, fact.happened_at))
    return Entered(runs, too_late)


def _play(
    playbook: Playbook,
    definition: Definition,
    new: Sequence[NewRun],
    since: datetime,
    until: datetime,
    at: datetime,
) -> Rehearsal:
    is_group = playbook.subject == Subject.GROUP
    people = run_entries.people_of({each.target for each in new}, is_group=is_group)
    uncounted = audiences.uncounted_people(community=playbook.community, at=at)
    entrances = [
        Entrance(
            people[each.target],
            Trigger(each.key, each.at),
            each.silent_until,
        )
        for each in new
        if is_group or people[each.target] not in uncounted
    ]
    around = _surroundings(playbook, definition, entrances, since, until, at)
    result = simulation.simulate(definition, entrances, around, until=until)
    names = resources.names_of(playbook.community, definition)
    return _summarise(definition, names, result, since, until)


def _surroundings(
    playbook: Playbook,
    definition: Definition,
    entrances: Sequence[Entrance],
    since: datetime,
    until: datetime,
    at: datetime,
) -> Surroundings:
    community = playbook.community
    is_group = playbook.subject == Subject.GROUP
    targets = sorted({entrance.person for entrance in entrances})
    system = staff_models.system(community)
    sets: dict[str, BitMap] = {
        repr(rule): audiences.people(community=community, rule=rule, by=system, at=at)
        for rule in definition.rules()
    }
    sends = [step for step in definition.walk() if isinstance(step, Send)]
    planners, reasons = {}, _reasons_by_step(playbook, definition, targets, at)

    def holds(rule: Any, person: int) -> bool:
        return person in sets[repr(rule)]

    for step in sends:
        planner = timing.planner_for(_sender(playbook, step), at)
        planners[step.id] = dataclasses.replace(
            planner, reported=pressure.NOTHING_REPORTED
        )
        reasons[step.id] = message_reasons.find(
            planner.sender,
            step,
            targets,
            test=step.test_of(playbook.key),
            holds=holds,
            at=at,
        )
    zones = run_entries.zones_of(community, [] if is_group else targets)
    return Surroundings(
        events={} if is_group else _events(playbook, definition, targets, since, until),
        planners=planners,
        find_reason=lambda step, person, number: (
            reasons[step](person, number) if step in reasons else ""
        ),
        quiet_zones={
            step: {} if is_group else planner.zones(targets)
            for step, planner in planners.items()
        },
        contacts={} if is_group else _contacts(targets, since, until),
        zone_of=zones.__getitem__,
        holds=holds,
        barred=assignment.NOBODY_BARRED
        if is_group
        else assignment.barred_from(playbook.pk, community, at),
    )


def _reasons_by_step(
    playbook: Playbook, definition: Definition, targets: Sequence[int], at: datetime
) -> dict[str, Callable[[int, int], str]]:
    """Step → why it is skipped for a person; without the steps that send."""
    found = {
        step.id: step.reasons_to_skip(playbook.community, targets, at)
        for step in definition.walk()
        if playbook.subject == Subject.MEMBER
    }
    return {
        step: functools.partial(_reason, reasons)
        for step, reasons in found.items()
        if reasons
    }


def _reason(reasons: Mapping[int, str], person: int, _number: int) -> str:
    return reasons.get(person, "")


def _sender(playbook: Playbook, step: Send) -> Sender:
    return Sender(
        community=playbook.community,
        origin=Origin.PLAYBOOK,
        is_group=playbook.subject == Subject.GROUP,
        purpose=Purpose(step.purpose),
        channel=step.channel,
    )


def _events(
    playbook: Playbook,
    definition: Definition,
    people: Sequence[int],
    since: datetime,
    until: datetime,
) -> dict[int, list[Event]]:
    by_person = account_queries.accounts_by_person(people)
    owner = account_queries.invert(by_person)
    found: dict[int, list[Event]] = {}
    for fact in timelines.list_facts_of_kinds(
        community=playbook.community,
        kinds=definition.kinds(),
        since=since - timedelta(days=definition.earlier_days()),
        until=until,
        accounts=sorted(owner),
    ):
        event = Event(fact.kind, fact.happened_at, fact.payload, fact.id)
        found.setdefault(owner[fact.account or 0], []).append(event)
    return found


def _contacts(
    people: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Contact]]:
    """Person → the messages that they really got around that time."""
    by_person = account_queries.accounts_by_person(people)
    owner = account_queries.invert(by_person)
    found: dict[int, list[Contact]] = {}
    first = timestamps.to_micros(since - LONGEST_WINDOW)
    for chunk in account_queries.chunks(sorted(owner), size=900):
        rows = Message.objects.filter(
            target_id__in=chunk, is_group=False, counted_at__gt=first
        ).filter(counted_at__lte=timestamps.to_micros(until))
        for row in rows.order_by("pk"):
            if row.counted_at is not None:
                contact = Contact(row.counted_at, row.channel, row.purpose)
                found.setdefault(owner[row.target_id], []).append(contact)
    return found


def _summarise(
    definition: Definition,
    names: Names,
    result: Result,
    since: datetime,
    until: datetime,
) -> Rehearsal:
    sending = {step.id for step in definition.walk() if isinstance(step, Send)}
    counts: dict[str, Counter[str]] = {step.id: Counter() for step in definition.walk()}
    for done in result.done:
        counts[done.step][done.reason] += 1
    sent = [each for each in result.done if each.step in sending and not each.reason]
    steps = [
        StepCount(
            step=step.id,
            number=definition.graph.numbers[step.id],
            phrase=step.phrase(names),
            sends=step.id in sending,
            done=counts[step.id][""],
            skipped=_without_empty(counts[step.id]),
        )
        for step in definition.walk()
        if step.acts
    ]
    return Rehearsal(
        since=since,
        until=until,
        runs=result.runs,
        people=len(result.people),
        messages=len(sent),
        recipients=len({each.person for each in sent}),
        over_budget=sum(
            counts[step][reason]
            for step in sending
            for reason in simulation.BUDGET_REASONS
        ),
        refused={str(Refusal(why).value): n for why, n in result.refused.items()},
        ended={str(why): n for why, n in result.ended.items()},
        steps=steps,
        done=result.done,
        assumptions=_assumptions(definition),
    )


def _assumptions(definition: Definition) -> list[str]:
    found = [
        _(
            "Rehearsed with events that really happened. Opt-outs and "
            "names are those of today."
        )
    ]
    if isinstance(definition.entry, SegmentEntry):
        found.append(past_entries.describe())
    if definition.rules():
        found.append(_("Rules of steps and conditions are evaluated as of today."))
    if any(step.undone is not None for step in definition.walk()):
        found.append(_("Staff tasks count as done in time."))
    return found


def _describe_late(definition: Definition, too_late: int) -> list[str]:
    """Say why events start nothing, which otherwise looks like a mistake."""
    if not too_late:
        return []
    words = {"n": f"{too_late:,}", "hours": definition.late_hours}
    return [
        ngettext(
            "%(n)s event is left out because it became known more than %(hours)s h after "
            "it happened, such as by an import.",
            "%(n)s events are left out because they became known more than %(hours)s h "
            "after they happened, such as by an import.",
            too_late,
        )
        % words
    ]


def _without_empty(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(reason): n for reason, n in counts.items() if reason}
