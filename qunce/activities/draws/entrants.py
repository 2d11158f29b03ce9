"""Closes the list of a draw: who is taken off it and why, and the hash of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities import eligibility
from qunce.activities.activities import entries
from qunce.activities.activities.models import Activity
from qunce.activities.draws import drand, draw_facts, draws, ticket_tree, voids
from qunce.activities.draws.models import Draw, Source, Ticket
from qunce.core import db
from qunce.members.accounts import queries as account_queries


class Removal(models.TextChoices):
    """Why a ticket is taken off the list, besides the reasons of eligibility."""

    SECOND_ACCOUNT = "second_account", pgettext_lazy("removed", "second account")
    STRUCK_OUT = "struck_out", pgettext_lazy("removed", "struck out by staff")


LATE = gettext_lazy("The list was closed too late: the figure was published before.")
NOBODY = gettext_lazy("Nobody took part.")
BATCH = 500
# On both databases the order of bytes is that of the numbers.
SET_PLACES = """
UPDATE draws_ticket SET place = ordered.place FROM (
    SELECT id, ROW_NUMBER() OVER (ORDER BY leaf) - 1 AS place
    FROM draws_ticket WHERE draw_id = %s AND removed = ''
) AS ordered WHERE draws_ticket.id = ordered.id
"""


# Verbs


@transaction.atomic
def close(activity: Activity, at: datetime) -> None:
    """Freeze the list of an activity's draw. It is called when the activity closes.

    A list that is empty, or that closes after its figure was published, makes the draw
    void, since nobody could believe its result.
    """
    rows = Draw.objects.select_for_update(of=("self",)).filter(activity=activity)
    draw = rows.get()
    draw.activity = activity
    removed = _remove(draw, at)
    db.execute(SET_PLACES, [draw.pk])
    content = _read_list(draw, removed, at)
    draws.STATES.transition(
        draw,
        "close",
        closing=draws.to_json(content),
        closed_at=at,
        root=content["root"],
        tickets_count=content["tickets"],
        people_count=content["people"],
        removed=removed,
        drand_round=content["round"],
    )
    draws.record(
        draw_facts.DrawClosed,
        draw,
        by=None,
        at=at,
        tickets=content["tickets"],
        removed=sum(removed.values()),
    )
    if (problem := _find_problem(draw, at)) is not None:
        # Members read it, whoever closed the list.
        with translation.override(activity.community.language):
            reason = str(problem)
        voids.declare(draw, reason, by=None, at=at)


def _read_list(draw: Draw, removed: dict[str, int], at: datetime) -> dict[str, Any]:
    """What is published about the closed list."""
    kept = Ticket.objects.filter(draw=draw, removed="").order_by("leaf")
    leaves = [bytes(leaf) for leaf in kept.values_list("leaf", flat=True).iterator()]
    return {
        "closed_at": at.isoformat(),
        "tickets": len(leaves),
        "people": kept.order_by().values("person_id").distinct().count(),
        "removed": removed,
        "root": ticket_tree.root_of(leaves).hex(),
        "round": drand.round_after(at) if draw.source == Source.DRAND else None,
    }


def _find_problem(draw: Draw, at: datetime) -> StrOrPromise | None:
    """Why a draw whose list was closed now is void, None if it is not."""
    if not draw.tickets_count:
        return NOBODY
    if draw.figure_at is not None and at + draws.MARGIN > draw.figure_at:
        return LATE
    return None


def _remove(draw: Draw, at: datetime) -> dict[str, int]:
    """Take off the tickets that do not count; returns how many, by reason."""
    rows = list(
        Ticket.objects.filter(draw=draw)
        .order_by("created_at", "pk")
        .values_list("pk", "account_id")
    )
    reasons = _reasons(draw, [account for _pk, account in rows], at)
    by_reason: dict[str, list[int]] = {}
    for pk, account in rows:
        if account in reasons:
            by_reason.setdefault(reasons[account], []).append(pk)
    for reason, pks in by_reason.items():
        for start in range(0, len(pks), BATCH):
            chunk = Ticket.objects.filter(pk__in=pks[start : start + BATCH])
            chunk.update(removed=reason)
    counts = Counter({reason: len(pks) for reason, pks in by_reason.items()})
    return dict(sorted(counts.items()))


def _reasons(draw: Draw, accounts: Sequence[int], at: datetime) -> dict[int, str]:
    """Why these accounts, the oldest entry first, do not count; others are missing."""
    community = draw.activity.community
    reasons: dict[int, str] = {
        account: reason.value
        for account, reason in eligibility.find_uncounted(
            community, accounts, at=at
        ).items()
    }
    for account in entries.find_struck_out(draw.activity, accounts):
        reasons.setdefault(account, Removal.STRUCK_OUT.value)
    first: dict[int, int] = {}
    people = account_queries.person_ids(accounts)
    for account in accounts:
        if account in reasons:
            continue
        if first.setdefault(people[account], account) != account:
            reasons[account] = Removal.SECOND_ACCOUNT.value
    return reasons


# Reads


def removal_label(reason: str) -> str:
    """Why tickets were taken off, in the language of the page."""
    for labels in (Removal, eligibility.Reason):
        if reason in labels.values:
            return str(labels(reason).label)
    return reason
