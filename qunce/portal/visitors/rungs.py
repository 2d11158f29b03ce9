"""The rungs of the identity ladder, and the check that each verb of a visitor begins with."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.portal.visitors.visitors import Visitor


class Rung(enum.IntEnum):
    """How sure we are who visits a page."""

    PUBLIC = 1
    """Nothing is known: public pages, rules, certificates."""
    LINK = 2
    """A personal link on its device: join, check in, vote and answer for its purpose."""
    CHANNEL = 3
    """Signed in through a channel: balance, history, address, spending and claiming."""
    CODE = 4
    """Signed in by a code that staff or the bot confirmed: the same."""


class RungTooLow(errors.Refused):
    """The visitor has to say who they are first; `rung` is what is needed."""

    def __init__(self, text: str, rung: Rung) -> None:
        super().__init__(text)
        self.rung = rung


def require(visitor: Visitor, rung: Rung, *, purpose: str = "") -> int:
    """The account of a visitor on this rung; raises RungTooLow.

    On the rung LINK, `purpose` is the one that their link must have; without one, a link
    for any purpose will do, as it does for opting out.
    """
    account = visitor.account_for(purpose) if rung <= Rung.LINK else visitor.signed_in
    if account is None:
        raise RungTooLow(
            _("Sign in to do this.")
            if rung > Rung.LINK
            else _("Open your personal link to do this, or sign in."),
            rung,
        )
    return account
