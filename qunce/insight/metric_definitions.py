"""The metric dictionary: every number has one name, one unit and one definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

PEOPLE = _("people")
TIMES = _("times")
ORDERS = pgettext_lazy("unit", "orders")
MONEY = ""
"""In the community's currency, whose code then is the unit."""


@dataclass(frozen=True)
class Term:
    """`sums` is false where days cannot be added up: the same person counts on each."""

    name: str
    words: StrOrPromise
    unit: StrOrPromise
    means: StrOrPromise
    sums: bool = True


TERMS = {
    term.name: term
    for term in (
        Term(
            "orders",
            _("Orders"),
            ORDERS,
            _(
                "Orders paid that day, including zero-amount orders and orders "
                "refunded later."
            ),
        ),
        Term(
            "buyers",
            _("Buyers"),
            PEOPLE,
            _("People who paid at least one order that day."),
            sums=False,
        ),
        Term(
            "sales",
            _("Paid amount"),
            MONEY,
            _(
                "The amount paid that day, including later corrections, before "
                "refunds. All orders are assumed to be in the community's currency."
            ),
        ),
        Term(
            "new_members",
            _("New members"),
            PEOPLE,
            _(
                "People whose first account joined that day, whether or not they have "
                "left since."
            ),
        ),
        Term(
            "joins",
            _("Joins"),
            TIMES,
            _("How many times people joined the group that day."),
        ),
        Term(
            "leaves",
            _("Leaves"),
            TIMES,
            _("How many times people left the group or were removed that day."),
        ),
        Term(
            "members",
            _("Group members"),
            PEOPLE,
            _(
                "People in the group at the end of that day, excluding those who "
                "have left the community since. Calculated backwards from the "
                "current group members."
            ),
            sums=False,
        ),
        Term(
            "active_members",
            _("Active group members"),
            PEOPLE,
            _(
                "People now in the group who were active that day, anywhere: they "
                "paid, redeemed, posted, reacted, clicked or checked in."
            ),
            sums=False,
        ),
    )
}


def terms(names: Iterable[str]) -> list[Term]:
    return [TERMS[name] for name in names]
