"""Kinds of prizes: what each needs, and how it reaches the winner. They register here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.activities.prizes.models import Award


class HandOver(StrEnum):
    """The way in which a prize is handed over.

    An automatic prize is delivered when it is awarded, a code when it is claimed, and
    anything else by staff after it was claimed.
    """

    AUTOMATIC = "automatic"
    CODE = "code"
    STAFF = "staff"


@dataclass(frozen=True, kw_only=True)
class PrizeKind:
    """A kind of prize. `deliver` gives an automatic prize, in the transaction.

    `amount_label` names the number that the kind needs, such as points; without one it
    has none. `staff_step` is what staff do after the claim, as a button says it. Where it
    `needs_instructions`, members could not claim it without those.
    """

    key: str
    label: StrOrPromise
    description: StrOrPromise
    hand_over: HandOver
    amount_label: StrOrPromise = ""
    max_amount: int = 0
    needs_address: bool = False
    needs_cost: bool = False
    needs_instructions: bool = False
    staff_step: StrOrPromise = ""
    deliver: Callable[[Award, datetime], None] | None = None


class PrizeKindNotFound(errors.NotFound):
    """No kind of prize has this key."""


_kinds: dict[str, PrizeKind] = {}


def register(kind: PrizeKind) -> PrizeKind:
    """Make a kind known; call it when the application is ready."""
    _kinds[kind.key] = kind
    return kind


def get(key: str) -> PrizeKind:
    """Return the kind with this key. Raises PrizeKindNotFound."""
    if key not in _kinds:
        raise PrizeKindNotFound(
            _("There is no kind of prize “%(key)s”. There are: %(keys)s.")
            % {"key": key[:30], "keys": ", ".join(_kinds)}
        )
    return _kinds[key]


def list_all() -> list[PrizeKind]:
    """All kinds, in the order in which they registered."""
    return list(_kinds.values())
