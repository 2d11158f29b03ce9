"""Strikes: what members have on the ladders, and how it decays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models

from qunce.core import timestamps
from qunce.groups.moderation.models import Case, Ladder, Strike
from qunce.members.accounts import queries as account_queries


class Counts(NamedTuple):
    """Strikes that count now: of cases that were acted on, and of others."""

    real: int = 0
    shadow: int = 0


def count(account: int, ladders: Iterable[Ladder], at: datetime) -> dict[int, Counts]:
    """Ladder → what the person has on it now."""
    accounts = account_queries.account_ids_of_person(account)
    counts: dict[int, Counts] = {}
    for ladder in ladders:
        rows = Strike.objects.filter(
            account_id__in=accounts, ladder=ladder, voided_at__isnull=True
        )
        if ladder.window_days is not None:
            since = at - timedelta(days=ladder.window_days)
            rows = rows.filter(happened_at__gt=timestamps.to_micros(since))
        found = rows.aggregate(
            real=models.Count("pk", filter=models.Q(is_shadow=False)),
            shadow=models.Count("pk", filter=models.Q(is_shadow=True)),
        )
        counts[ladder.pk] = Counts(**found)
    return counts


def add(case: Case, account: int, ladders: Mapping[int, bool], at: datetime) -> None:
    """Give a strike per ladder; the value says whether it is a real one."""
    Strike.objects.bulk_create(
        (
            Strike(
                ladder_id=ladder,
                account_id=account,
                case=case,
                happened_at=at,
                is_shadow=not is_real,
            )
            for ladder, is_real in ladders.items()
        ),
        ignore_conflicts=True,
    )


def make_real(case: Case) -> None:
    """What was a shadow of the case counts from now on."""
    Strike.objects.filter(case=case).update(is_shadow=False)


def make_shadow(case: Case) -> None:
    """What the case counted is a proposal again."""
    Strike.objects.filter(case=case).update(is_shadow=True)


def restore(case: Case) -> None:
    """The strikes of a case that is open again count as those of a proposal."""
    Strike.objects.filter(case=case).update(is_shadow=True, voided_at=None)


def void(case: Case, at: datetime) -> None:
    """The strikes of a case that was wrong no longer count."""
    Strike.objects.filter(case=case, voided_at__isnull=True).update(voided_at=at)
