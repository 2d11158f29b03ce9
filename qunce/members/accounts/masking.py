"""Masking of identifiers for staff who may not read them in full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from qunce.core import permissions

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

VIEW_IDENTIFIERS = permissions.declare(
    "members.view_identifiers",
    permissions.Role.MANAGER,
    label=gettext_lazy("view full phone numbers and other identifiers"),
)
DOTS = "****"
"""Of constant length, so that the length of the hidden part stays hidden too."""
TAIL_LENGTH = 4
"""Last digits of a phone that everybody may read, and search for."""
MIN_LENGTH_WITH_TAIL = 9
"""Of a shorter phone, four digits would be half of it."""
PHONE = re.compile(r"\+?\d{7,15}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
CONTACT_IN_TEXT = re.compile(
    r"[^@＠\s“”\"'<>,;，；、：:]+[@＠][^@＠\s“”\"'<>,;，；、]+"
    r"|\+?\(?\d(?:[ ().\u00a0\u2010-\u2013-]{0,2}\d){6,}"
)
"""An address, or seven digits and more, as people write them in the midst of a text."""
DAY = re.compile(r"(19|20)\d\d([-./]?)\d\d?\2\d\d?( \d\d?)?")
"""What looks like a phone number and is none."""


def identifier(*, kind: str, value: str, by: Staff) -> str:
    """An identifier as this staff member may read it."""
    if permissions.may(by, VIEW_IDENTIFIERS):
        return value
    if kind == "phone":
        return _mask_phone(value)
    if kind == "email":
        return _mask_email(value)
    return DOTS if len(value) < 8 else value[:2] + DOTS + value[-2:]


def phone(value: str, by: Staff) -> str:
    return identifier(kind="phone", value=value, by=by)


def email(value: str, by: Staff) -> str:
    return identifier(kind="email", value=value, by=by)


def key(value: str, by: Staff) -> str:
    """A member's key, masked if it is a phone or an e-mail address, as it often is."""
    return value if permissions.may(by, VIEW_IDENTIFIERS) else mask_key(value)


def mask_key(value: str) -> str:
    """A member's key as everybody may read it."""
    if not is_private(value):
        return value
    return _mask_email(value) if EMAIL.fullmatch(value) else _mask_phone(value)


def is_private(key: str) -> bool:
    """Whether a key is a phone number or an e-mail address."""
    return bool(PHONE.fullmatch(key) or EMAIL.fullmatch(key))


def names_private(text: str) -> bool:
    """Whether there is a phone number or an e-mail address in a text."""
    return bool(PHONE.search(text) or EMAIL.search(text))


def contact(value: str, by: Staff) -> str:
    """A value by which a person can be reached, such as a WeChat id or a street."""
    if permissions.may(by, VIEW_IDENTIFIERS):
        return value
    if is_private(value):
        return mask_key(value)
    # Not even the end: a short id or a house number would be half of it.
    return value[:1] + DOTS if value else ""


def text(value: str, by: Staff) -> str:
    """A text in which somebody may have written phone numbers and e-mail addresses."""
    if permissions.may(by, VIEW_IDENTIFIERS):
        return value
    return CONTACT_IN_TEXT.sub(_mask_found, value)


def json(value: Any, by: Staff) -> Any:
    """A JSON value in which `text` is applied to all texts."""
    if isinstance(value, dict):
        return {name: json(each, by) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json(each, by) for each in value]
    return text(value, by) if isinstance(value, str) else value


def _mask_found(match: re.Match[str]) -> str:
    found = match[0]
    if "@" in found or "＠" in found:
        return _mask_email(found.replace("＠", "@"))
    return found if DAY.fullmatch(found) else _mask_phone(found)


def _mask_phone(value: str) -> str:
    if len(value) < MIN_LENGTH_WITH_TAIL:
        return DOTS + value[-2:]
    return value[:3] + DOTS + value[-TAIL_LENGTH:]


def _mask_email(value: str) -> str:
    name, _at, host = value.rpartition("@")
    # The host stays, as staff need it to tell two addresses apart.
    return f"{name[:1]}{DOTS}@{host}"
