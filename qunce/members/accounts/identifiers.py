"""What a person can be recognised by: phone, e-mail, WeChat's unionid, and their forms."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from qunce.core import errors

MERGING_KINDS = ("unionid", "phone", "email")
"""Kinds by which accounts are taken for one person, the surest first."""

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,19}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
CHINESE_MOBILE = re.compile(r"(?:\+|00)?86(1[3-9]\d{9})")
BETWEEN_DIGITS = re.compile(r"[\s\-–—().·]+")


class InvalidIdentifier(errors.Invalid):
    """A phone, an e-mail address or another identifier is not written as one."""


def normalise(kind: str, value: str) -> str:
    """One spelling for each phone, address or id, so that equal ones are equal text."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not KIND_PATTERN.fullmatch(kind):
        raise InvalidIdentifier(
            _("“%(kind)s” is not a kind of identifier. Use a name such as phone.")
            % {"kind": kind}
        )
    if kind == "phone":
        return _phone(text)
    if kind == "email":
        return _email(text)
    if not text:
        raise InvalidIdentifier(_("%(kind)s is empty.") % {"kind": kind})
    return text


def _phone(text: str) -> str:
    digits = BETWEEN_DIGITS.sub("", text)
    mobile = CHINESE_MOBILE.fullmatch(digits)
    if mobile:
        return mobile.group(1)
    plain = re.sub(r"^00", "+", digits)
    if not re.fullmatch(r"\+?\d{5,15}", plain):
        raise InvalidIdentifier(
            _("“%(text)s” is not a phone number. Enter all of its digits.")
            % {"text": text}
        )
    # One digit over and over fills a compulsory field; it must not join strangers.
    if len(set(plain.removeprefix("+"))) == 1:
        raise InvalidIdentifier(
            _("“%(text)s” is a placeholder, not a phone number.") % {"text": text}
        )
    return plain


def _email(text: str) -> str:
    address = text.lower()
    if not EMAIL.fullmatch(address):
        raise InvalidIdentifier(
            _("“%(text)s” is not an e-mail address.") % {"text": text}
        )
    return address
