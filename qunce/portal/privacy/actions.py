"""What members decide about their data. Each verb checks the rung itself."""

from __future__ import annotations

from datetime import datetime

from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.consents import consents
from qunce.members.people import person_export
from qunce.members.people.person_export import PersonData
from qunce.members.personal_links import erasure_requests
from qunce.members.personal_links.models import ErasureRequest
from qunce.outreach import opt_outs
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor

SOURCE = "member page"
TEXT_VERSION = "2026-12"
"""The version of the texts of purposes, which a consent names as its evidence."""


def opt_out(*, visitor: Visitor, at: datetime) -> None:
    """Unsubscribe the person from marketing; any personal link suffices."""
    account = rungs.require(visitor, Rung.LINK)
    opt_outs.opt_out(
        community=visitor.community,
        accounts=account_queries.account_ids_of_person(account),
        by=staff_models.system(visitor.community),
        at=at,
        source=SOURCE,
    )


def opt_in(*, visitor: Visitor, at: datetime) -> None:
    """Undo it. A link suffices, as whoever opted out by mistake takes it back."""
    account = rungs.require(visitor, Rung.LINK)
    opt_outs.opt_in(
        community=visitor.community,
        accounts=[account],
        by=staff_models.system(visitor.community),
        at=at,
        source=SOURCE,
    )


def answer(*, visitor: Visitor, purpose: str, is_given: bool, at: datetime) -> None:
    """Give a consent or withdraw it."""
    account = rungs.require(visitor, Rung.CHANNEL)
    consents.record(
        account=Account.objects.select_related("community").get(pk=account),
        purpose=purpose,
        is_given=is_given,
        by=staff_models.system(visitor.community),
        at=at,
        evidence=f"{SOURCE}, text {TEXT_VERSION}",
    )


def export(*, visitor: Visitor, at: datetime) -> PersonData:
    """Everything that is stored about the member."""
    account = rungs.require(visitor, Rung.CHANNEL)
    system = staff_models.system(visitor.community)
    return person_export.export(account=account, by=system, at=at)


def request_erasure(*, visitor: Visitor, at: datetime) -> ErasureRequest:
    """Ask staff to erase the member."""
    account = rungs.require(visitor, Rung.CHANNEL)
    return erasure_requests.request(account_id=account, at=at)


def withdraw_erasure(*, visitor: Visitor, at: datetime) -> None:
    """Take the request back."""
    account = rungs.require(visitor, Rung.CHANNEL)
    erasure_requests.withdraw(account_id=account, at=at)
