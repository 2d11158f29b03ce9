"""Messages that staff post by hand and that belong to no campaign, such as of playbooks.

Those of campaigns are in staff tasks, see `assisted_sending`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.sending import ledger, recheck, send_facts
from qunce.outreach.sending.ledger import Message, Origin, State

MAX_LISTED = 100


class MessageNotOpen(errors.Refused):
    """The message is not waiting to be posted: it is done, or it was cancelled."""


class MessageNotFound(errors.NotFound):
    """There is no such message for this member of staff."""


# Reads


def list_open(*, by: Staff, at: datetime) -> models.QuerySet[Message]:
    """The messages that `by` is to post now, the most important first."""
    return _of(by).filter(state=State.PLANNED, due_at__lte=timestamps.to_micros(at))


def _of(by: Staff) -> models.QuerySet[Message]:
    rows = Message.objects.filter(community=by.community, staff=by)
    rows = rows.exclude(origin=Origin.CAMPAIGN)
    return rows.order_by("priority", "due_at", "pk")


def get(*, by: Staff, pk: int) -> Message:
    found = _of(by).filter(pk=pk).first()
    if found is None:
        raise MessageNotFound(_("There is no such message."))
    return found


# Verbs


@transaction.atomic
def open_due(*, by: Staff, at: datetime) -> list[Message]:
    """The first messages that `by` is to post now.

    Those to people who may no longer get them, such as after an opt-out, are skipped.
    """
    due = list_open(by=by, at=at).select_related("community", "staff")
    rows = list(due.select_for_update(of=("self",))[:MAX_LISTED])
    skipped = recheck.skip_ineligible(rows, at=at)
    return [row for row in rows if row.pk not in skipped]


@transaction.atomic
def mark_sent(*, message: Message, by: Staff, at: datetime) -> None:
    """Mark a message as sent by hand."""
    _check_own(message, by)
    _complete(message, State.MARKED, at, by)
    fact = send_facts.of(send_facts.SendMarkedSent, message)
    facts.record(fact, community=by.community, by=by, at=at)


@transaction.atomic
def mark_failed(*, message: Message, reason: str, by: Staff, at: datetime) -> None:
    """Mark a message as not sent, for one of the reasons in `skip_reasons.SendFailure`."""
    _check_own(message, by)
    if reason not in skip_reasons.SendFailure:
        raise errors.Invalid(_("Choose a reason."))
    _complete(message, State.FAILED, at, by, reason=reason)
    fact = send_facts.of(send_facts.SendFailed, message, reason=reason)
    facts.record(fact, community=by.community, by=by, at=at)


def _check_own(message: Message, by: Staff) -> None:
    permissions.check_may(by, task_permissions.DO_TASKS)
    if message.staff_id != by.pk or message.community_id != by.community_id:
        raise MessageNotFound(_("There is no such message."))


def _complete(
    message: Message, to: State, at: datetime, by: Staff, **changes: str
) -> None:
    done = ledger.transition(
        Message.objects.filter(pk=message.pk),
        origins=[State.PLANNED],
        to=to,
        at=at,
        by_id=by.pk,
        recorded=True,
        **changes,
    )
    if not done:
        raise MessageNotOpen(
            _("The state of this row has changed. Check the list again.")
        )


@transaction.atomic
def skip_stale(*, at: datetime) -> int:
    """Skip what staff have not posted in time; returns how many."""
    rows = Message.objects.filter(
        state=State.PLANNED,
        staff__isnull=False,
        stale_at__lt=timestamps.to_micros(at),
        # What a paused playbook holds back has no due time.
        due_at__isnull=False,
    ).exclude(origin=Origin.CAMPAIGN)
    late = list(rows.select_related("community").order_by("pk")[:1_000])
    for message in late:
        done = ledger.transition(
            Message.objects.filter(pk=message.pk),
            origins=[State.PLANNED],
            to=State.SKIPPED,
            at=at,
            reason=skip_reasons.STALE,
            recorded=True,
        )
        if done:
            message.reason = skip_reasons.STALE
            fact = send_facts.skipped(message)
            facts.record(fact, community=message.community, by=None, at=at)
    return len(late)
