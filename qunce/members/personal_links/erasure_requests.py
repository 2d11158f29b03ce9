"""Requests of members to be erased, which a person of the staff carries out or declines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import people, visibility
from qunce.members.personal_links.models import ErasureRequest, ErasureState

MAX_ANSWER_LENGTH = 300


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ErasureRequested(facts.FactKind):
    kind = "member.requested_erasure"
    label = gettext_lazy("asked to be erased")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ErasureRequestClosed(facts.FactKind):
    kind = "member.erasure_request_closed"
    label = gettext_lazy("request for erasure closed")
    state: str


class ErasureRequestNotFound(errors.NotFound):
    """There is no such request that is open."""


class InvalidAnswer(errors.Invalid):
    """A member is owed a reason when their request is declined."""


# Verbs


@transaction.atomic
def request(*, account_id: int, at: datetime) -> ErasureRequest:
    """Record that a member asks to be erased; called by the member. A second is the first."""
    accounts = account_queries.account_ids_of_person(account_id)
    account = Account.objects.select_related("community").get(pk=accounts[0])
    open_before = find_open(account_id)
    if open_before is not None:
        return open_before
    row, is_new = ErasureRequest.objects.get_or_create(
        account=account,
        state=ErasureState.OPEN,
        defaults={"community": account.community, "requested_at": at},
    )
    if is_new:
        fact = ErasureRequested(account=account.pk)
        facts.record(fact, community=account.community, by=None, at=at)
    return row


@transaction.atomic
def withdraw(*, account_id: int, at: datetime) -> bool:
    """Take the open request of a member back; called by the member."""
    row = find_open(account_id)
    if row is None:
        return False
    return _close(row, ErasureState.WITHDRAWN, by=None, at=at)


@transaction.atomic
def carry_out(*, pk: int, by: Staff, at: datetime) -> int:
    """Erase the member who asked for it; returns the id of the person."""
    row = get(pk=pk, by=by, at=at)
    _close(row, ErasureState.ERASED, by=by, at=at)
    return people.erase(account=row.account, by=by, at=at)


@transaction.atomic
def decline(*, pk: int, answer: str, by: Staff, at: datetime) -> None:
    """Decline a request with a reason, which the member reads on their page."""
    row = get(pk=pk, by=by, at=at)
    answer = " ".join(answer.split())
    if not 0 < len(answer) <= MAX_ANSWER_LENGTH or not text_validation.is_valid(answer):
        raise InvalidAnswer(
            _("Write the reason, in at most %(n)s characters.")
            % {"n": MAX_ANSWER_LENGTH}
        )
    _close(row, ErasureState.DECLINED, by=by, at=at, answer=answer)


def _close(
    row: ErasureRequest,
    state: ErasureState,
    *,
    by: Staff | None,
    at: datetime,
    answer: str = "",
) -> bool:
    rows = ErasureRequest.objects.filter(pk=row.pk, state=ErasureState.OPEN)
    if not rows.update(state=state, closed_at=at, by=by, answer=answer):
        raise ErasureRequestNotFound(_("This request is already closed."))
    fact = ErasureRequestClosed(account=row.account_id, state=state)
    facts.record(fact, community=row.community, by=by, at=at)
    return True


# Reads


def get(*, pk: int, by: Staff, at: datetime) -> ErasureRequest:
    """An open request of a member whom `by` may erase; raises ErasureRequestNotFound."""
    permissions.check_may(by, people.ERASE)
    row = (
        ErasureRequest.objects.filter(
            pk=pk, community=by.community, state=ErasureState.OPEN
        )
        .select_related("account__community", "community")
        .first()
    )
    visible = row and visibility.filter_visible(by=by, accounts=[row.account_id], at=at)
    if row is None or not visible:
        raise ErasureRequestNotFound(_("There is no such request."))
    return row


def list_open(*, by: Staff, at: datetime, limit: int = 50) -> list[ErasureRequest]:
    """The oldest open requests of members whom `by` sees."""
    permissions.check_may(by, people.ERASE)
    rows = list(
        ErasureRequest.objects.filter(community=by.community, state=ErasureState.OPEN)
        .select_related("account")
        .order_by("requested_at", "pk")[:500]
    )
    visible = visibility.filter_visible(
        by=by, accounts=[row.account_id for row in rows], at=at
    )
    people_of = account_queries.person_ids(row.account_id for row in rows)
    return [row for row in rows if people_of[row.account_id] in visible][:limit]


def find_open(account_id: int) -> ErasureRequest | None:
    """The open request of a person."""
    return _last(account_queries.account_ids_of_person(account_id), is_open=True)


def find_last(account_id: int) -> ErasureRequest | None:
    """The newest request of a person, whatever became of it."""
    return _last(account_queries.account_ids_of_person(account_id), is_open=False)


def _last(accounts: Sequence[int], *, is_open: bool) -> ErasureRequest | None:
    rows = ErasureRequest.objects.filter(account_id__in=accounts)
    if is_open:
        rows = rows.filter(state=ErasureState.OPEN)
    return rows.select_related("community").order_by("-pk").first()
