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
                "Orders paid that day, orders of zero and orders refunded later included."
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
            _("Sales"),
            MONEY,
            _(
                "What was paid that day, with later corrections and before refunds; "
                "every order is taken to be in the community's currency."
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
            _("Times that somebody came into the group that day."),
        ),
        Term(
            "leaves",
            _("Leaves"),
            TIMES,
            _("Times that somebody left the group that day, or was removed."),
        ),
        Term(
            "members",
            _("Group members"),
            PEOPLE,
            _(
                "People in the group at the end of that day, without those who have "
                "left the community since: those of now, joins since undone, leaves "
                "since undone."
            ),
            sums=False,
        ),
        Term(
            "active_members",
            _("Active group members"),
            PEOPLE,
            _(
                "People in the group now who did something of their own that day, "
                "anywhere: paid, redeemed, posted, reacted, clicked or checked in."
            ),
            sums=False,
        ),
    )
}


def terms(names: Iterable[str]) -> list[Term]:
    return [TERMS[name] for name in names]
