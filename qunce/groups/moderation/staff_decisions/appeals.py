"""Appeals: a member contests a decision, and somebody who has not made it answers.

receive(community=, account=, text=, at=) -> Appeal | None   # a direct message
answer(appeal=, overturn=, answer=, by=, at=)
list_visible(by, at); get(by=, pk=, at=); median_answer_time(by=, at=)
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, state_machine, text_validation, timestamps
from qunce.core.facts import facts
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import Appeal, AppealState, Case, CaseState
from qunce.groups.moderation.moderation_permissions import DECIDE
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

WORDS = re.compile(r"\s*(?:申诉|申訴|appeal)", re.IGNORECASE)
NUMBER = re.compile(r"#?(\d{1,9})", re.ASCII)
MAX_TEXT, MAX_ANSWER = 2_000, 120
APPEALABLE = (CaseState.ACTED, CaseState.CONFIRMED)
WITHIN = timedelta(days=30)
"""How long after a decision a member can contest it."""
STATES = state_machine.StateMachine(
    {
        "uphold": (("open",), "upheld"),
        "overturn": (("open",), "overturned"),
    }
)


@dataclass(frozen=True, kw_only=True)
class AppealFact(facts.FactKind):
    labels = {
        "case": gettext_lazy("case"),
        "appeal": gettext_lazy("appeal"),
        "overturned": gettext_lazy("undone"),
    }
    case: int
    appeal: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AppealOpened(AppealFact):
    kind = "moderation.appeal_opened"
    label = gettext_lazy("contested a decision")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AppealAnswered(AppealFact):
    kind = "moderation.appeal_answered"
    label = gettext_lazy("appeal answered")
    overturned: bool


class AppealNotFound(errors.NotFound):
    """There is no such appeal, or its case is hidden."""


class InvalidAnswer(errors.Invalid):
    """The answer is missing or too long."""


class SecondPersonNeeded(errors.Refused):
    """The appeal of a case is answered by staff who have not decided it."""


# Checks


def check_may_answer(appeal: Appeal, by: Staff, at: datetime) -> None:
    permissions.check_may(by, DECIDE)
    get(by=by, pk=appeal.pk, at=at)
    if appeal.case.decided_by_id == by.pk:
        raise SecondPersonNeeded(
            _("You decided this case, so that somebody else answers the appeal.")
        )


def may_answer(appeal: Appeal, by: Staff) -> bool:
    return (
        permissions.may(by, DECIDE)
        and appeal.state == AppealState.OPEN
        and appeal.case.decided_by_id != by.pk
    )


# Verbs


@transaction.atomic
def receive(
    *, community: Community, account: int, text: str, at: datetime
) -> Appeal | None:
    """Open an appeal if a direct message is one; None if it is something else.

    It begins with “申诉” or “appeal” and may have the number of the case; without one it
    is about the latest decision. While an appeal is open, further texts are added to it.
    """
    if not WORDS.match(text):
        return None
    case = _find_case(community, account, text, at)
    if case is None:
        return None
    # Locked, so that two messages at the same time are one appeal.
    Case.objects.select_for_update().get(pk=case.pk)
    text = text.strip()[:MAX_TEXT]
    for appeal in Appeal.objects.filter(case=case).order_by("-pk")[:1]:
        if appeal.state == AppealState.OPEN:
            joined = f"{appeal.text}\n{text}"[:MAX_TEXT]
            Appeal.objects.filter(pk=appeal.pk).update(text=joined)
        # A decision is contested once; the answer stands.
        return appeal
    appeal = Appeal.objects.create(
        case=case, account_id=account, text=text, opened_at=at
    )
    event = AppealOpened(
        account=account, group=case.group_id, case=case.number, appeal=appeal.pk
    )
    facts.record(event, community=community, by=None, at=at)
    return appeal


def _find_case(
    community: Community, account: int, text: str, at: datetime
) -> Case | None:
    """The case that the text names if it is about the person, else their latest."""
    accounts = account_queries.account_ids_of_person(account)
    since = timestamps.to_micros(at - WITHIN)
    rows = Case.objects.filter(
        community=community, responsible_id__in=accounts, opened_at__gt=since
    )
    rows = rows.select_related("community", "group__community", "rule")
    if number := NUMBER.search(text):
        for case in rows.filter(number=int(number[1]), is_told=True):
            return case
    told = rows.filter(is_told=True, state__in=APPEALABLE)
    return told.order_by("-opened_at", "-pk").first()


@transaction.atomic
def answer(
    *, appeal: Appeal, overturn: bool, answer: str, by: Staff, at: datetime
) -> None:
    """Answer an appeal; one that is overturned undoes the decision."""
    check_may_answer(appeal, by, at)
    answer = answer.strip()
    if not answer or len(answer) > MAX_ANSWER or not text_validation.is_valid(answer):
        raise InvalidAnswer(
            _("Write an answer of 1 to %(n)s characters.") % {"n": MAX_ANSWER}
        )
    STATES.transition(
        appeal,
        "overturn" if overturn else "uphold",
        answer=answer,
        answered_at=at,
        answered_by=by,
    )
    case = Case.objects.select_related("community", "group__community", "rule").get(
        pk=appeal.case_id
    )
    if overturn and case.state in APPEALABLE:
        case_decisions.undo(case=case, by=by, at=at, reason=answer)
    event = AppealAnswered(
        account=appeal.account_id,
        group=case.group_id,
        case=case.number,
        appeal=appeal.pk,
        overturned=overturn,
    )
    facts.record(event, community=case.community, by=by, at=at)


# Reads


def list_visible(by: Staff, at: datetime) -> models.QuerySet[Appeal]:
    """Appeals of the cases that `by` sees, the oldest first."""
    rows = Appeal.objects.filter(case__in=cases.list_visible(by, at).values("pk"))
    rows = rows.select_related(
        "case__community", "case__group", "case__rule", "case__decided_by"
    )
    return rows.order_by("opened_at", "pk")


def list_open(by: Staff, at: datetime) -> list[Appeal]:
    return list(list_visible(by, at).filter(state=AppealState.OPEN))


def get(*, by: Staff, pk: int, at: datetime) -> Appeal:
    if 0 < pk < 2**63:
        for appeal in list_visible(by, at).filter(pk=pk):
            return appeal
    raise AppealNotFound(_("There is no such appeal."))


def median_answer_time(*, by: Staff, at: datetime) -> timedelta | None:
    """The median time from an appeal to its answer, of the last 90 days."""
    since = timestamps.to_micros(at - timedelta(days=90))
    rows = list_visible(by, at).filter(answered_at__gt=since)
    seconds = [
        (answered - opened).total_seconds()
        for opened, answered in rows.values_list("opened_at", "answered_at")
        if answered is not None
    ]
    return timedelta(seconds=statistics.median(seconds)) if seconds else None
