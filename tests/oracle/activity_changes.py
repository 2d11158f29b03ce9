"""What members do in activities and surveys, in Qunce and in plain Python."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from django.db import transaction

from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import Entry, Way
from qunce.activities.check_ins import check_ins
from qunce.activities.levels import badges, holdings
from qunce.activities.live_sessions.models import (
    How,
    LiveAttendance,
    LiveReservation,
    ReplayView,
    State,
)
from qunce.activities.points import earning
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.surveys import responses
from tests.oracle.definitions import EARLY

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.levels.models import Badge
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.surveys.models import Survey
    from tests.oracle import people

EARNINGS = itertools.count(1)


class ActivityChanges:
    """The part of a world that is about activities; the rest makes what it names."""

    qunce: Community
    plain: people.Community
    by: Staff
    ids: dict[str, int]
    activity: Activity
    live: Activity
    badge: Badge
    survey: Survey

    def check_in(self, key: str, at: datetime) -> None:
        """Check an account in, whoever may take part; once a day and person."""
        accounts = account_queries.account_ids_of_person(self.ids[key])
        attempt = Attempt(
            activity=self.activity,
            account_id=self.ids[key],
            person_id=accounts[0],
            accounts=tuple(accounts),
            way=Way.STAFF,
            said="",
            key="",
            at=at,
            by=self.by,
        )
        with transaction.atomic():
            if check_ins.record(attempt).is_new:
                self.plain.check_ins.add((key, self.plain.clock.day(at)))

    def enter(self, key: str, at: datetime, *, is_struck_out: bool = False) -> None:
        """Enter an account in the activity, once; staff may strike it out."""
        account = self.ids[key]
        row, is_new = Entry.objects.get_or_create(
            activity=self.activity,
            person_id=account,
            defaults={"account_id": account, "source": Way.STAFF, "key": key, "at": at},
        )
        if is_struck_out:
            Entry.objects.filter(pk=row.pk).update(struck_out_at=at)
        if is_new or is_struck_out:
            self.plain.entered[key] = "struck out" if is_struck_out else "in"

    def follow_live_session(self, key: str, step: str, at: datetime) -> None:
        """Reserve the live session, come, or watch the replay, each once."""
        own = {
            "activity": self.live,
            "account_id": self.ids[key],
            "person_id": self.ids[key],
        }
        if (key, step) in self.plain.live:
            return
        if step == "reserved":
            state, source = State.RESERVED, Way.STAFF
            LiveReservation.objects.create(**own, at=at, state=state, source=source)
        elif step == "attended":
            LiveAttendance.objects.create(**own, at=at, how=How.LIST)
        else:
            ReplayView.objects.create(**own, first_at=at, last_at=at)
        self.plain.live.add((key, step))

    def follow_live_session_at_random(self, key: str, random: Random) -> None:
        for step in ("reserved", "attended", "watched"):
            if random.random() < 0.4:
                self.follow_live_session(key, step, EARLY)

    def answer(self, key: str, values: dict[str, Any], at: datetime) -> None:
        """Answer the survey as the member; a person answers once a day."""
        try:
            responses.submit(
                survey=self.survey,
                account_id=self.ids[key],
                answers=values,
                source="portal",
                at=at,
            )
        except errors.Refused:
            return
        self.plain.answers.append((at, key, values))

    def answer_at_random(self, key: str, random: Random) -> None:
        for _round in range(random.randint(0, 2)):
            said = {"drink": random.choice("123"), "score": random.randint(0, 10)}
            moment = EARLY + timedelta(seconds=random.randint(0, 10**6))
            self.answer(key, said, moment)

    def earn(self, key: str, points: int, at: datetime) -> None:
        """Earn points, after which the level is computed as the reaction does.

        What is earned 5 at a time expires after a week.
        """
        earning.award(
            account_id=self.ids[key],
            amount=points,
            key=f"world/{next(EARNINGS)}",
            by=None,
            at=at,
            valid_days=7 if points == 5 else None,
        )
        holdings.refresh(community=self.qunce, accounts=[self.ids[key]], at=at)
        self.plain.earned.append((key, self.plain.clock.day(at), points))

    def award_badge(self, key: str, at: datetime) -> None:
        badges.award(badge=self.badge, account_id=self.ids[key], by=self.by, at=at)
        self.plain.badges.add(key)

    def revoke_badge(self, key: str, at: datetime) -> None:
        badges.revoke(
            badge=self.badge, account_id=self.ids[key], by=self.by, at=at, reason="Gone"
        )
        self.plain.badges -= set(self.plain.person_of(key))
