"""Warnings about the numbers of a group on a day. Nothing is refused by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Numbers = Mapping[str, int | None]
"""Field → number; what is missing or None was not entered."""


@dataclass(frozen=True)
class Verdict:
    """`warnings` ask to look again; `unchecked` says why the balance was not checked."""

    warnings: tuple[str, ...] = ()
    unchecked: str = ""


def missing_people(today: Numbers, *, members_before: int | None) -> int | None:
    """How many people the members of today fall short of the balance.

    It is below 0 if there are more than joins and leaves explain, and None if one of the
    four numbers was not entered.
    """
    members, joins, leaves = (
        today.get(field) for field in ("members", "joins", "leaves")
    )
    if members is None or joins is None or leaves is None or members_before is None:
        return None
    return members_before + joins - leaves - members


def check(today: Numbers, *, members_before: int | None) -> Verdict:
    """Compare what was entered of a day with itself and with the day before."""
    if all(number is None for number in today.values()):
        return Verdict()
    warnings, unchecked = [], ""
    short = missing_people(today, members_before=members_before)
    if short is None:
        unchecked = _explain_unchecked(today, members_before)
    elif short > 0:
        warnings.append(
            ngettext(
                "%(n)s person short: a leave forgotten?",
                "%(n)s people short: a leave forgotten?",
                short,
            )
            % {"n": f"{short:,}"}
        )
    elif short < 0:
        warnings.append(
            ngettext(
                "%(n)s person too many: a join forgotten?",
                "%(n)s people too many: a join forgotten?",
                -short,
            )
            % {"n": f"{-short:,}"}
        )
    members, speakers = today.get("members"), today.get("speakers")
    if members is not None and speakers is not None and speakers > members:
        warnings.append(
            _("More members wrote (%(speakers)s) than are in the group (%(members)s).")
            % {"speakers": f"{speakers:,}", "members": f"{members:,}"}
        )
    return Verdict(tuple(warnings), unchecked)


def _explain_unchecked(today: Numbers, members_before: int | None) -> str:
    if today.get("members") is None:
        return ""
    if members_before is None:
        return _("Not checked: no number of members of the day before.")
    return _("Not checked: joins or leaves are empty.")
