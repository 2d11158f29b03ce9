"""The member card on a member's own page: level, benefits, badges and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import pgettext_lazy

from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    # Loads NumPy, which commands that only know the page do not need.
    from qunce.portal.levels import presenters

    return presenters.card(visitor, at)


def _load_rows(account: int, at: datetime) -> Sequence[tuple[str, str]]:
    from qunce.portal.levels import presenters

    return presenters.picture_rows(account, at)


me.CARD_ROWS.append(_load_rows)
me.SECTIONS.register(
    Section(
        key="level",
        label=pgettext_lazy("portal", "My member card"),
        template="portal/levels/_card.html",
        load=_load,
        order=5,
    )
)
