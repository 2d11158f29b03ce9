"""Switching playbooks on, pausing, resuming and stopping them, and publishing changes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.outreach import review_digests
from qunce.outreach.campaigns import approvals, campaigns
from qunce.outreach.playbooks import (
    fingerprints,
    held_messages,
    playbooks,
    polling,
    run_endings,
    run_entries,
    run_reactions,
    versions,
)
from qunce.outreach.playbooks import rows as row_updates
from qunce.outreach.playbooks.actions import Ending
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.entries import SegmentEntry, SizeEntry
from qunce.outreach.playbooks.held_messages import Released
from qunce.outreach.playbooks.models import (
    LIVE,
    STATES,
    Playbook,
    Run,
    RunState,
    State,
)
from qunce.outreach.playbooks.playbooks import PlaybookChanged, check_may_manage
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.outreach.playbooks.steps.send import Purpose, Send
from qunce.sets import timelines
from qunce.sets.bitmaps import bitmaps

PAUSE_JOB = "playbooks.end_pause"

MAX_DAYS_BACK = 365


class Existing(models.TextChoices):
    """What happens at the start with those for whom the entry has come before."""

    NOBODY = "nobody", gettext_lazy("None: only new entries from now on")
    NOW = "now", gettext_lazy("They begin now, at the first step")
    AS_IF = (
        "as_if",
        gettext_lazy("As if it had always run: they continue where they would be"),
    )


class InFlight(models.TextChoices):
    """What happens with runs under way when a new version is published."""

    STAY = "stay", gettext_lazy("They finish the version that they began")
    MOVE = "move", gettext_lazy("They continue in the new version at the same step")
    END = "end", gettext_lazy("Their runs end")


@dataclass(frozen=True)
class Choice:
    """`days` is how far back the entry is looked for."""

    existing: str = Existing.NOBODY
    days: int = 30


@dataclass(frozen=True)
class Pause:
    """The three questions of a pause.

    Do waits stand still, or run on? Are new entries kept until it ends, or dropped? At
    `until` the playbook resumes, or stops if `then_stops`.
    """

    holds_waits: bool = True
    keeps_entries: bool = True
    until: datetime | None = None
    then_stops: bool = False


# Checks


def check_may_send(playbook: Playbook, by: Staff) -> None:
    """Raise NotAllowed or ApprovalNeeded for a draft that sends what `by` may not send.

    Otherwise staff who need a second person for a campaign, or who may not send service
    messages in one, would do it by a playbook.
    """
    steps = playbooks.definition_of(playbook).walk()
    sends = [step for step in steps if isinstance(step, Send)]
    if any(step.purpose == Purpose.SERVICE for step in sends):
        permissions.check_may(by, campaigns.SEND_SERVICE)
    if sends:
        approvals.check_may_send_alone(playbook.community, by)


# Switching on


@transaction.atomic
def switch_on(
    *,
    playbook: Playbook,
    choice: Choice,
    by: Staff,
    at: datetime,
    digest: str | None = None,
) -> int:
    """Start the playbook; returns how many members or groups begin at once.

    `digest` is that of the preview that `by` has seen. Raises ChangedSinceReview if the
    start would be another one by now.
    """
    check_may_manage(playbook, by)
    STATES.check("switch_on", playbook.state)
    if choice.existing not in Existing or not 0 <= choice.days <= MAX_DAYS_BACK:
        raise errors.Invalid(_("Look back at most %(n)s days.") % {"n": MAX_DAYS_BACK})
    playbooks.check_complete(playbook, by)
    check_may_send(playbook, by)
    definition = playbooks.definition_of(playbook)
    new = list_existing(playbook, definition, choice, at)
    current = digest_of_start(playbook, choice, len(new))
    review_digests.check(digest, current, name=playbook.name)
    run_reactions.skip_old_facts()
    playbooks.store_version(playbook, by, at)
    inside = None
    if isinstance(definition.entry, SegmentEntry | SizeEntry):
        inside = bitmaps.to_bytes(polling.current_set(playbook, definition, at))
    playbooks.transition(
        playbook,
        "switch_on",
        by=by,
        at=at,
        runs=len(new),
        started_at=at,
        polled_until=at,
        inside=inside,
    )
    run_entries.add_pending(playbook, new, at)
    return len(new)


def digest_of_start(playbook: Playbook, choice: Choice, begin: int) -> str:
    """The same as long as the playbook, the choice and how many begin are."""
    days = 0 if choice.existing == Existing.NOBODY else choice.days
    return fingerprints.digest(
        playbook, existing=str(choice.existing), days=days, begin=begin
    )


def list_existing(
    playbook: Playbook, definition: Definition, choice: Choice, at: datetime
) -> list[NewRun]:
    """The runs that begin when the playbook is switched on."""
    if choice.existing == Existing.NOBODY:
        return []
    silent = at if choice.existing == Existing.AS_IF else None
    since = at - timedelta(days=choice.days)
    entry = definition.entry
    if isinstance(entry, SegmentEntry | SizeEntry):
        # When they came in is not known, so they begin now.
        key = f"in:{timestamps.to_micros(at)}"
        people = polling.current_set(playbook, definition, at)
        return [NewRun(target, key, at) for target in people]
    if not entry.matches():
        new = polling.list_between(playbook, definition, since, at)
        return [_existing(each, silent, at) for each in new]
    found = timelines.list_facts_of_kinds(
        community=playbook.community,
        kinds=definition.entry_kinds(),
        since=since,
        until=at,
    )
    return [
        _existing(
            NewRun(
                fact.account,
                run_reactions.entry_key(definition, fact),
                fact.happened_at,
            ),
            silent,
            at,
        )
        for fact in found
        if fact.account is not None
        and run_reactions.is_entry(definition, fact.kind, fact.payload)
    ]


def _existing(new: NewRun, silent: datetime | None, at: datetime) -> NewRun:
    return NewRun(new.target, new.key, new.at if silent else at, silent)


# Pausing


@transaction.atomic
def pause(*, playbook: Playbook, pause: Pause, by: Staff, at: datetime) -> int:
    """Pause the playbook and what it has planned; returns how many messages are held."""
    check_may_manage(playbook, by)
    if pause.until is not None and pause.until <= at:
        raise errors.Invalid(_("Choose a time in the future."))
    return playbooks.transition(
        playbook,
        "pause",
        by=by,
        at=at,
        settle_messages=lambda: held_messages.hold(playbook),
        paused_at=at,
        pause_holds_waits=pause.holds_waits,
        pause_keeps_entries=pause.keeps_entries,
        pause_until=pause.until,
        pause_then_stops=pause.then_stops,
    )


@transaction.atomic
def resume(*, playbook: Playbook, by: Staff, at: datetime) -> Released:
    """Continue a paused playbook; returns what became of the messages that it held."""
    check_may_manage(playbook, by)
    return _resume(playbook, by, at)


def _resume(playbook: Playbook, by: Staff | None, at: datetime) -> Released:
    paused_at = playbook.paused_at or at
    released = Released()

    def release() -> int:
        nonlocal released
        released = held_messages.release(
            playbook,
            paused_at=paused_at,
            at=at,
            holds_waits=playbook.pause_holds_waits,
        )
        return released.sent_on

    playbooks.transition(
        playbook,
        "resume",
        by=by,
        at=at,
        settle_messages=release,
        paused_at=None,
        pause_until=None,
    )
    if playbook.pause_holds_waits:
        lost = at - paused_at
        micros = int(lost / timestamps.MICROSECOND)
        rows = Run.objects.filter(playbook=playbook, state__in=LIVE)
        # What began during the pause lost only a part of it.
        rows.filter(since__lte=paused_at).update(
            due_at=F("due_at") + micros, since=F("since") + micros
        )
    if not playbook.pause_keeps_entries:
        # Entries by date and segment during the pause are dropped, too.
        definition = playbooks.definition_of(playbook)
        changes: dict[str, object] = {"polled_until": at}
        if isinstance(definition.entry, SegmentEntry | SizeEntry):
            found = polling.current_set(playbook, definition, at)
            changes["inside"] = bitmaps.to_bytes(found)
        Playbook.objects.filter(pk=playbook.pk).update(**changes)
    return released


def end_pauses(*, at: datetime) -> None:
    """Resume or stop the playbooks whose pause is over."""
    for playbook in _list_paused_until(at).order_by("pk"):
        key, community = str(playbook.pk), playbook.community
        run = functools.partial(end_pause, key, at=at)
        job_queue.run_item(run, job=PAUSE_JOB, key=key, community=community, at=at)


def _list_paused_until(at: datetime) -> models.QuerySet[Playbook]:
    rows = Playbook.objects.select_related("community")
    return rows.filter(state=State.PAUSED, pause_until__lte=timestamps.to_micros(at))


@transaction.atomic
def end_pause(key: str, *, at: datetime) -> None:
    """Resume or stop a playbook whose pause is over; `key` is that of the queued job."""
    for playbook in _list_paused_until(at).filter(pk=int(key)):
        if playbook.pause_then_stops:
            _stop(playbook, None, at)
        else:
            _resume(playbook, None, at)


# Stopping


@dataclass(frozen=True)
class Counts:
    """How many runs there are: let in and not ended, and waiting to be let in.

    `messages` are planned and not sent yet.
    """

    live: int
    pending: int
    messages: int = 0


@dataclass(frozen=True)
class Stopped:
    """How many runs ended, and how many planned messages were cancelled."""

    runs: int
    messages: int


def count(playbook: Playbook) -> Counts:
    rows = Run.objects.filter(playbook=playbook)
    return Counts(
        live=rows.filter(state__in=LIVE).count(),
        pending=rows.filter(state=RunState.PENDING).count(),
        messages=held_messages.count_planned(playbook),
    )


@transaction.atomic
def close(*, playbook: Playbook, by: Staff, at: datetime) -> int:
    """Let nobody in any more; returns how many go on to the end."""
    check_may_manage(playbook, by)
    if playbook.state == State.PAUSED:
        _resume(playbook, by, at)
    playbooks.transition(playbook, "close", by=by, at=at)
    Run.objects.filter(playbook=playbook, state=RunState.PENDING).delete()
    return count(playbook).live


@transaction.atomic
def stop(*, playbook: Playbook, by: Staff, at: datetime) -> Stopped:
    """End all runs immediately, and cancel the planned messages, also those of ended runs."""
    check_may_manage(playbook, by)
    return _stop(playbook, by, at)


def _stop(playbook: Playbook, by: Staff | None, at: datetime) -> Stopped:
    live = count(playbook).live
    messages = playbooks.transition(
        playbook,
        "stop",
        by=by,
        at=at,
        runs=live,
        settle_messages=lambda: held_messages.cancel(playbook, at),
        paused_at=None,
        pause_until=None,
    )
    rows = Run.objects.filter(playbook=playbook)
    rows.filter(state=RunState.PENDING).delete()
    ids = list(rows.filter(state__in=LIVE).values_list("pk", flat=True))
    runs = len(run_endings.end(playbook, ids, Ending.STOPPED, at))
    return Stopped(runs, messages)


# Publishing


@transaction.atomic
def publish(
    *,
    playbook: Playbook,
    in_flight: str,
    by: Staff,
    at: datetime,
    digest: str | None = None,
) -> int:
    """Make the draft the version that new runs get; returns how many runs are stale.

    `digest` is that of the draft that `by` has seen. Raises ChangedSinceReview if it is
    another one by now.

    A run that moves is due when its step would be by the new version. What would be past
    is listed as stale and waits for a decision, so that nothing is sent in a burst.
    """
    check_may_manage(playbook, by)
    if in_flight not in InFlight:
        raise errors.Invalid(_("Choose what happens with runs under way."))
    if not playbook.version:
        raise errors.Refused(_("Switch the playbook on instead."))
    playbooks.check_complete(playbook, by)
    check_may_send(playbook, by)
    review_digests.check(digest, fingerprints.digest(playbook), name=playbook.name)
    before = playbook.version
    version = playbooks.store_version(playbook, by, at)
    if version.number == before:
        return 0
    fact = PlaybookChanged(playbook=playbook.key, version=version.number)
    playbooks.record(fact, playbook, by, at)
    live = Run.objects.filter(playbook=playbook, state__in=LIVE)
    if in_flight == InFlight.END:
        ids = list(live.values_list("pk", flat=True))
        run_endings.end(playbook, ids, Ending.VERSION, at)
    if in_flight == InFlight.MOVE:
        return _move(playbook, version.pk, list(live.order_by("pk")), at)
    return 0


def _move(playbook: Playbook, version_id: int, runs: list[Run], at: datetime) -> int:
    definition, stale = versions.load(version_id, playbook), 0
    is_group = playbook.subject == Subject.GROUP
    targets = [] if is_group else [run.target_id for run in runs]
    zones = run_entries.zones_of(playbook.community, targets)
    for run in runs:
        step = definition.graph.by_id.get(run.step)
        if step is None:
            # Where it is no longer exists, so staff decide.
            run.state, stale = RunState.STALE, stale + 1
            continue
        run.version_id = version_id
        since = run.since or at
        due_at = step.due_at(since, definition, zones[run.target_id])
        if due_at < at and due_at != run.due_at:
            run.state, stale = RunState.STALE, stale + 1
        run.due_at = due_at
    row_updates.update(runs, ["version", "state", "due_at"])
    return stale


class StaleChoice(models.TextChoices):
    """What happens with runs whose step is late because the playbook was changed."""

    GO_ON = "go_on", gettext_lazy("Do the step now")
    END = "end", gettext_lazy("End these runs")


@transaction.atomic
def settle_stale(*, playbook: Playbook, choice: str, by: Staff, at: datetime) -> int:
    """Decide about all stale runs of a playbook; returns how many there were."""
    check_may_manage(playbook, by)
    rows = Run.objects.filter(playbook=playbook, state=RunState.STALE)
    if choice == StaleChoice.END:
        ids = list(rows.values_list("pk", flat=True))
        return len(run_endings.end(playbook, ids, Ending.BY_HAND, at))
    if choice != StaleChoice.GO_ON:
        raise errors.Invalid(_("Choose what happens with late steps."))
    # A step that the new version no longer has is done as the run's own version says.
    return rows.update(state=RunState.WAITING, due_at=timestamps.to_micros(at))
