"""Ending runs, and cancelling what they have asked for and is not sent yet."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime

from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.outreach import skip_reasons
from qunce.outreach.playbooks import run_facts
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import (
    Playbook,
    Run,
    RunState,
    RunStep,
    StepState,
)
from qunce.outreach.sending import messages


def end(
    playbook: Playbook, run_ids: Iterable[int], reason: str, at: datetime
) -> list[int]:
    """End live runs of a playbook; returns those that were not ended already.

    Call it in a transaction. Their planned messages are cancelled.
    """
    ended: list[int] = []
    for chunk in account_queries.chunks(sorted(set(run_ids)), size=500):
        rows = Run.objects.filter(pk__in=chunk, playbook=playbook)
        rows = rows.exclude(state__in=[RunState.ENDED, RunState.PENDING])
        live = list(rows.select_for_update().values_list("pk", "target_id"))
        Run.objects.filter(pk__in=[pk for pk, _target in live]).update(
            state=RunState.ENDED, ending=reason, ended_at=at, due_at=None, held_for=""
        )
        cancel_messages([pk for pk, _target in live], at)
        record(playbook, [target for _pk, target in live], reason, at)
        ended += [pk for pk, _target in live]
    return ended


def cancel_messages(run_ids: Sequence[int], at: datetime) -> int:
    """Cancel the messages of these runs that are still planned; returns how many."""
    rows = RunStep.objects.filter(
        run__in=run_ids, message_id__isnull=False, state=StepState.DONE
    )
    origin_ids = list(rows.values_list("pk", flat=True))
    if not origin_ids:
        return 0
    origin = messages.Origin.PLAYBOOK
    cancelled = messages.cancel(origin=origin, origin_ids=origin_ids, at=at)
    if cancelled:
        stopped = messages.Message.objects.filter(
            origin=origin, origin_id__in=origin_ids, state=messages.State.CANCELLED
        )
        rows.filter(pk__in=stopped.values("origin_id")).update(
            state=StepState.SKIPPED, reason=skip_reasons.CANCELLED
        )
    return cancelled


def record(
    playbook: Playbook, targets: Sequence[int], reason: str, at: datetime
) -> None:
    """Record that the runs of these accounts or groups have ended."""
    if not targets:
        return
    ended = functools.partial(run_facts.RunEnded, playbook=playbook.key, reason=reason)
    community = playbook.community
    if playbook.subject == Subject.GROUP:
        new = [ended(group=target) for target in targets]
        facts.record_many(new, community=community, by=None, at=at)
    else:
        facts.record_for_accounts(ended(), targets, community=community, by=None, at=at)
