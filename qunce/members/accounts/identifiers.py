"""Identifiers of a person (phone, e-mail, WeChat unionid) in their normal form."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from qunce.core import errors

MERGING_KINDS = ("unionid", "phone", "email")
"""Kinds whose equal values merge accounts, the most reliable kind first."""

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,19}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
CHINESE_MOBILE = re.compile(r"(?:\+|00)?86(1[3-9]\d{9})")
BETWEEN_DIGITS = re.compile(r"[\s\-–—().·]+")


class InvalidIdentifier(errors.Invalid):
    """The phone number, e-mail address or other identifier is not valid."""


def normalise(kind: str, value: str) -> str:
    """The one spelling of a phone, address or id; raises InvalidIdentifier."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not KIND_PATTERN.fullmatch(kind):
        raise InvalidIdentifier(
            _("“%(kind)s” is not a kind of identifier. Use a name such as phone.")
            % {"kind": kind}
        )
    if kind == "phone":
        return _normalise_phone(text)
    if kind == "email":
        # The part before the @ may be case-sensitive by the standard, but no provider
        # treats it so.
        address = text.lower()
        if not EMAIL.fullmatch(address):
            raise InvalidIdentifier(
                _("“%(text)s” is not an e-mail address.") % {"text": text}
            )
        return address
    if not text:
        raise InvalidIdentifier(_("%(kind)s is empty.") % {"kind": kind})
    return text


def _normalise_phone(text: str) -> str:
    digits = BETWEEN_DIGITS.sub("", text)
    # With and without the country code, shops export the same phone, which must merge.
    mobile = CHINESE_MOBILE.fullmatch(digits)
    if mobile:
        return mobile.group(1)
    number = re.sub(r"^00", "+", digits)
    if not re.fullmatch(r"\+?\d{5,15}", number):
        raise InvalidIdentifier(
            _("“%(text)s” is not a phone number. Enter all of its digits.")
            % {"text": text}
        )
    # People repeat one digit to fill a required field; that must not merge strangers.
    if len(set(number.removeprefix("+"))) == 1:
        raise InvalidIdentifier(
            _("“%(text)s” is a placeholder, not a phone number.") % {"text": text}
        )
    return number
