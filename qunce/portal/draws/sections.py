"""The tickets of a member on their own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.draws import tickets
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 20
"""Draws, each with all tickets of the member."""


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    account = visitor.signed_in
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    rows = tickets.list_of_person(accounts, limit=MAX_SHOWN)
    return {"draws": rows} if rows else None


me.SECTIONS.register(
    Section(
        key="tickets",
        label=_("My tickets"),
        template="portal/draws/_tickets.html",
        load=_load,
        order=30,
    )
)
