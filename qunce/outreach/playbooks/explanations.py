"""Why a member is in a playbook, or is not: sentences from runs and facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import skip_reasons
from qunce.outreach.playbooks import playbooks, resources, run_reactions, versions
from qunce.outreach.playbooks.actions import Ending, Obstacle, Skipping
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.models import (
    LIVE,
    Playbook,
    Run,
    RunState,
    RunStep,
    State,
)
from qunce.outreach.playbooks.reentry import Mode
from qunce.outreach.service_styles import assignment
from qunce.sets import audiences, timelines

LOOK_BACK = timedelta(days=365)
MAX_FACTS = 5


@dataclass(frozen=True)
class Answer:
    """`is_in` says whether a run is under way; `sentences` say why, or why not."""

    is_in: bool
    sentences: list[str]


def why(*, playbook: Playbook, account: int, by: Staff, at: datetime) -> Answer:
    """Why the person of the account is in the playbook or not."""
    playbooks.check_may_view(playbook, by)
    visibility.check_visible(by=by, accounts=[account], at=at)
    own = account_queries.account_ids_of_person(account)
    runs = list_runs_of(playbook, own)
    live = [run for run in runs if run.state in LIVE]
    sentences = [describe_run(run, playbook) for run in runs]
    if not live and playbook.subject == Subject.MEMBER:
        sentences += _why_not(playbook, own, runs, at)
    return Answer(bool(live), sentences)


def list_runs_of(playbook: Playbook, accounts: Sequence[int]) -> list[Run]:
    """The runs of a person in a playbook, the newest first."""
    rows = Run.objects.filter(playbook=playbook, target_id__in=accounts)
    return list(rows.order_by("-triggered_at", "-pk"))


def describe_run(run: Run, playbook: Playbook) -> str:
    """Where a run is, or how it ended, in one sentence."""
    zone = ZoneInfo(playbook.community.timezone)
    definition = versions.load(run.version_id, playbook)
    step = definition.graph.by_id.get(run.step)
    names = resources.names_of(playbook.community, definition)
    words = {
        "since": _time(run.triggered_at, zone),
        "next": _time(run.due_at, zone) if run.due_at else "",
        "end": _time(run.ended_at, zone) if run.ended_at else "",
        "step": definition.graph.numbers.get(run.step, ""),
        "what": step.phrase(names) if step else "",
        "reason": label_of(run.ending or run.held_for),
    }
    if run.state == RunState.PENDING:
        return _("Waits since %(since)s to be let in.") % words
    if run.state == RunState.HELD:
        return _("In it since %(since)s, held up at step %(step)s: %(reason)s.") % words
    if run.state == RunState.STALE:
        return (
            _("In it since %(since)s; whether to do step %(step)s is to be decided.")
            % words
        )
    if run.state == RunState.ENDED:
        return _("Was in it from %(since)s to %(end)s: %(reason)s.") % words
    return (
        _("In it since %(since)s, at step %(step)s (%(what)s), next on %(next)s.")
        % words
    )


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def label_of(reason: str, kept_for: str = "") -> str:
    """The label of a reason of runs and steps, from any source.

    `kept_for` is the name of the campaign for which a place is kept.
    """
    for choices in (Ending, Skipping, Obstacle):
        if reason in choices.values:
            return str(choices(reason).label)
    if reason == "error":
        return _("an error that is tried again")
    return skip_reasons.sentence(reason, kept_for=kept_for)


def _why_not(
    playbook: Playbook, own: Sequence[int], runs: Sequence[Run], at: datetime
) -> Iterator[str]:
    version = playbooks.find_version(playbook)
    if playbook.state == State.DRAFT or version is None:
        yield _("The playbook has not been switched on yet.")
        return
    if playbook.state in (State.CLOSED, State.STOPPED):
        yield _("The playbook is closed to new entries.")
    definition = versions.load(version.pk, playbook)
    uncounted = audiences.uncounted_people(community=playbook.community, at=at)
    if own[0] in uncounted:
        yield _("Works here or is a volunteer, so they are in no playbook.")
    if own[0] in assignment.barred_from(playbook.pk, playbook.community, at):
        yield _("Their style of service has other playbooks only.")
    yield from _about_reentry(definition, runs, at)
    if definition.entry.matches():
        yield from _about_facts(playbook, definition, own, runs, at)
    elif not runs:
        yield _("It begins %(entry)s, which has not happened since it runs.") % {
            "entry": _entry(playbook, definition)
        }
    yield from _about_conditions(playbook, definition, own[0], at)


def _entry(playbook: Playbook, definition: Definition) -> str:
    names = resources.names_of(playbook.community, definition)
    return definition.entry.phrase(names)


def _about_reentry(
    definition: Definition, runs: Sequence[Run], at: datetime
) -> Iterator[str]:
    ended = [run.ended_at for run in runs if run.ended_at]
    if not ended:
        return
    if definition.again.mode == Mode.NEVER:
        yield _("Members are let in once only.")
    again = max(ended) + timedelta(days=definition.again.days)
    if definition.again.mode == Mode.COOLDOWN and at < again:
        yield _("They are let in again from %(day)s.") % {
            "day": again.date().isoformat()
        }


def _about_facts(
    playbook: Playbook,
    definition: Definition,
    own: Sequence[int],
    runs: Sequence[Run],
    at: datetime,
) -> Iterator[str]:
    zone = ZoneInfo(playbook.community.timezone)
    found = [
        fact
        for fact in timelines.list_facts_of_kinds(
            community=playbook.community,
            kinds=definition.entry_kinds(),
            since=at - LOOK_BACK,
            until=at,
            accounts=own,
        )
        if run_reactions.is_entry(definition, fact.kind, fact.payload)
    ]
    if not found:
        yield _("It begins %(entry)s, which has not happened for a year.") % {
            "entry": _entry(playbook, definition)
        }
    known = {run.run_key for run in runs}
    for fact in found[-MAX_FACTS:]:
        if run_reactions.entry_key(definition, fact) in known:
            continue
        reason = _why_no_run(playbook, definition, fact)
        if reason:
            yield _("The event of %(time)s started nothing: %(reason)s.") % {
                "time": _time(fact.happened_at, zone),
                "reason": reason,
            }


def _why_no_run(playbook: Playbook, definition: Definition, fact: RecordedFact) -> str:
    if playbook.started_at is None or fact.recorded_at < playbook.started_at:
        return _("the playbook was not switched on yet")
    late = timedelta(hours=definition.late_hours)
    if fact.recorded_at - fact.happened_at > late:
        return _("it became known more than %(n)s hours later") % {
            "n": definition.late_hours
        }
    return ""


def _about_conditions(
    playbook: Playbook, definition: Definition, person: int, at: datetime
) -> Iterator[str]:
    by = staff_models.system(playbook.community)
    for condition in definition.conditions:
        if not condition.at_entry:
            continue
        answer = audiences.explain(
            community=playbook.community,
            rule=condition.rule,
            by=by,
            at=at,
            account=person,
        )
        if answer.holds:
            continue
        failed = [r.text for r in answer.reasons if r.holds != r.expected]
        yield _("The condition at the start does not hold now: %(reasons)s.") % {
            "reasons": ", ".join(failed)
        }


def list_steps(run: Run) -> list[RunStep]:
    """What a run has done and skipped, the oldest first."""
    return list(RunStep.objects.filter(run=run).order_by("pk"))


def list_of_member(*, account: int, by: Staff, at: datetime) -> list[Run]:
    """The runs of a person in all playbooks, live ones first."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    if not playbooks.may_view(by):
        return []
    own = account_queries.account_ids_of_person(account)
    rows = Run.objects.filter(
        playbook__community=by.community,
        playbook__subject=Subject.MEMBER,
        target_id__in=own,
    ).exclude(state=RunState.PENDING)
    runs = rows.select_related("playbook__community").order_by("-triggered_at", "-pk")
    return sorted(runs[:50], key=lambda run: run.state == RunState.ENDED)
