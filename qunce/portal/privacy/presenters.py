"""The privacy page: what a member agreed to, and how much is stored of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.members.accounts import queries as account_queries
from qunce.members.consents import consents
from qunce.members.consents.consents import Purpose
from qunce.members.people import person_export
from qunce.members.personal_links import erasure_requests
from qunce.outreach import opt_outs
from qunce.portal.visitors.visitors import Visitor

TEXTS = {
    Purpose.DATA: gettext_lazy(
        "We store your name, your account and what you take part in."
    ),
    Purpose.MARKETING: gettext_lazy("We send you offers and invitations."),
    Purpose.PROFILING: gettext_lazy(
        "We use what you buy and take part in to suggest what suits you."
    ),
    Purpose.SHARING: gettext_lazy(
        "We pass your data on to partners who carry out an offer."
    ),
}
RECORDS = {
    "accounts": gettext_lazy("Accounts"),
    "identifiers": gettext_lazy("Phone numbers and other identifiers"),
    "attributes": gettext_lazy("Attributes"),
    "tags": gettext_lazy("Tags"),
    "groups": gettext_lazy("Groups"),
    "orders": gettext_lazy("Orders"),
    "messages": gettext_lazy("Messages to you"),
    "written_messages": gettext_lazy("Messages that you wrote"),
    "consents": gettext_lazy("Consents"),
    "page_views": gettext_lazy("Pages that you viewed"),
    "facts": gettext_lazy("Events"),
}


@dataclass(frozen=True)
class ConsentRow:
    purpose: str
    label: str
    text: str
    is_given: bool
    state: str


@dataclass(frozen=True)
class RecordRow:
    label: str
    count: int


def of(visitor: Visitor) -> dict[str, Any]:
    """What the page shows: the opt-out for a link, everything for who is signed in."""
    if visitor.account_id is None:
        return {}
    accounts = account_queries.account_ids_of_person(visitor.account_id)
    shown: dict[str, Any] = {
        "opted_out": bool(opt_outs.find_by_person([accounts[0]])),
    }
    if visitor.signed_in is not None:
        shown["consents"] = _consents(accounts)
        shown["records"] = _records(visitor, accounts)
        shown["erasure"] = erasure_requests.find_last(accounts[0])
    return shown


def _consents(accounts: list[int]) -> list[ConsentRow]:
    current = consents.current(consents.list_of_person(accounts))
    rows = []
    for purpose in Purpose:
        statement = current.get(purpose)
        state = _("not answered")
        if statement is not None:
            day = formats.date_format(statement.at, "Y-m-d")
            words = (
                _("agreed on %(day)s")
                if statement.is_given
                else _("withdrawn on %(day)s")
            )
            state = words % {"day": day}
        is_given = statement is not None and statement.is_given
        rows.append(
            ConsentRow(
                purpose, str(purpose.label), str(TEXTS[purpose]), is_given, state
            )
        )
    return rows


def _records(visitor: Visitor, accounts: list[int]) -> list[RecordRow]:
    """How many rows each part of the export has."""
    counts = person_export.count(visitor.community, accounts)
    named = [
        RecordRow(str(RECORDS[name]), counts[name])
        for name in RECORDS
        if counts.get(name)
    ]
    other = sum(count for name, count in counts.items() if name not in RECORDS)
    return [*named, *([RecordRow(_("Other records"), other)] if other else [])]
