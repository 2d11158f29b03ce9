"""The members who may answer a survey, judged when they do.

People who work here, erased, departed and blacklisted members neither answer nor count.
Domains above `members` register what they know of, such as a blacklist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.surveys import surveys
from qunce.members.surveys.models import (
    State,
    Survey,
    SurveyAnswered,
    SurveyResponse,
)
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

FindExcluded = Callable[[Mapping[int, Sequence[int]], datetime], set[int]]
"""Person id → account ids, and the moment; returns the people who may not answer."""
_excluding: list[FindExcluded] = []
EVERYONE: dict[str, Any] = {"all": []}


def register(find: FindExcluded) -> FindExcluded:
    """Register what finds people who may answer no survey; usable as a decorator."""
    if find not in _excluding:
        _excluding.append(find)
    return find


def judge(survey: Survey, account_id: int, *, at: datetime) -> str:
    """The sentence why this member may not answer, "" if they may."""
    community = survey.community
    accounts = account_queries.account_ids_of_person(account_id)
    rows = Account.objects.filter(pk__in=accounts, community=community)
    states = list(rows.values_list("present", "erased_at"))
    if not any(present and erased is None for present, erased in states):
        return _("This survey is for members.")
    staff = audiences.staff_people(community=community, at=at)
    if accounts[0] in staff:
        return _("People who work here do not answer surveys for members.")
    by_person = {accounts[0]: accounts}
    if any(find(by_person, at) for find in _excluding):
        return _("This survey is for other members.")
    if survey.rule is None:
        return ""
    try:
        people = find_people(survey, at=at)
    except errors.QunceError:
        return _("Please ask our staff; this cannot be checked at the moment.")
    return "" if accounts[0] in people else _("This survey is for other members.")


def find_people(survey: Survey, *, at: datetime) -> BitMap:
    """The people whom a survey is for now."""
    return audiences.people(
        community=survey.community,
        rule=EVERYONE if survey.rule is None else survey.rule,
        by=staff_models.system(survey.community),
        at=at,
    )


def has_answered(survey: Survey, accounts: Sequence[int], *, at: datetime) -> bool:
    """Whether a person, by all their accounts, has answered in the round of `at`."""
    model = SurveyAnswered if survey.is_anonymous else SurveyResponse
    rows = model._default_manager.filter(
        survey=survey, account_id__in=accounts, round=surveys.round_of(survey, at)
    )
    return rows.exists()


def list_for(account_id: int, *, at: datetime) -> list[tuple[Survey, bool]]:
    """The open surveys that are for a member, each with whether they have answered."""
    account = Account.objects.select_related("community").get(pk=account_id)
    accounts = account_queries.account_ids_of_person(account_id)
    return [
        (survey, has_answered(survey, accounts, at=at))
        for survey in surveys.list_open(account.community, at)
        if not judge(survey, account_id, at=at)
    ]


def closed_text(survey: Survey, at: datetime) -> str:
    """Why nobody may answer now, "" while the survey is open."""
    if surveys.is_open(survey, at):
        return ""
    if survey.state == State.DRAFT:
        return _("This survey has not started yet.")
    return _("This survey is over. Thank you for your interest.")
