"""Views of the replay of a live session, counted apart from attendance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.live_sessions import live_session_facts, sessions
from qunce.activities.live_sessions.models import LiveSession, ReplayView
from qunce.core import errors
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity


class NoReplay(errors.Refused):
    """There is no replay, or it is not for this member."""


@transaction.atomic
def watch(*, activity: Activity, account_id: int, at: datetime) -> str:
    """The address of the replay for a member who opens it, which is counted.

    People who may not join the activity are refused with the operator's sentence.
    """
    account_queries.check_ids(activity.community, [account_id])
    accounts = account_queries.account_ids_of_person(account_id)
    session = LiveSession.objects.filter(activity=activity).first()  # unique
    if session is None or not session.replay or activity.state not in sessions.SHOWN:
        raise NoReplay(_("There is no replay yet."))
    refusal = eligibility.judge_person(activity, account_id, accounts, at)
    if refusal is not None:
        raise NoReplay(refusal.text)
    own = find_own(activity, accounts)
    if own is None:
        own, is_new = ReplayView.objects.get_or_create(
            activity=activity,
            account_id=account_id,
            defaults={"person_id": accounts[0], "first_at": at, "last_at": at},
        )
        if is_new:
            sessions.record(
                live_session_facts.LiveSessionReplayWatched,
                activity,
                account=account_id,
                by=None,
                at=at,
            )
            return session.replay
    rows = ReplayView.objects.filter(pk=own.pk)
    rows.update(count=models.F("count") + 1, last_at=at)
    return session.replay


def find_own(activity: Activity, accounts: Sequence[int]) -> ReplayView | None:
    rows = ReplayView.objects.filter(activity=activity, account_id__in=accounts)
    return rows.order_by("first_at", "pk").first()
