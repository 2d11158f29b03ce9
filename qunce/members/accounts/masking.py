"""Masks: what a person is recognised by, shown in full only to those who may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qunce.core import permissions

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

VIEW_IDENTIFIERS = permissions.declare(
    "members.view_identifiers", permissions.Role.MANAGER
)
DOTS = "****"
"""Always as many, so that the length of what is hidden stays hidden too."""
PHONE = re.compile(r"\+?\d{7,15}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def identifier(*, kind: str, value: str, by: Staff) -> str:
    """One identifier of a kind such as phone, as this operator may read it."""
    if permissions.may(by, VIEW_IDENTIFIERS):
        return value
    if kind == "phone":
        return _phone(value)
    return _email(value) if kind == "email" else _other(value)


def phone(value: str, by: Staff) -> str:
    return identifier(kind="phone", value=value, by=by)


def email(value: str, by: Staff) -> str:
    return identifier(kind="email", value=value, by=by)


def key(value: str, by: Staff) -> str:
    """A member's key: sources like to use the phone or the address for it."""
    if permissions.may(by, VIEW_IDENTIFIERS) or not is_private(value):
        return value
    return _email(value) if EMAIL.fullmatch(value) else _phone(value)


def is_private(key: str) -> bool:
    """Whether a key says more of a person than which one it is."""
    return bool(PHONE.fullmatch(key) or EMAIL.fullmatch(key))


def _phone(value: str) -> str:
    if len(value) < 9:
        return DOTS + value[-2:]
    return value[:3] + DOTS + value[-4:]


def _email(value: str) -> str:
    name, _at, host = value.rpartition("@")
    return f"{name[:1]}{DOTS}@{host}"


def _other(value: str) -> str:
    return DOTS if len(value) < 8 else value[:2] + DOTS + value[-2:]
