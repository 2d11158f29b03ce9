"""Tokens of tracked links: which link of which message, signed.

A token is short, because messages are: its numbers as bytes, then eight bytes of an
HMAC. Nobody can make one up, or find the link of another member by counting.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.sending.ledger import Origin

SALT = "qunce.outreach.links"
SIGNATURE_BYTES = 8
MAX_LENGTH = 80
ORIGINS = tuple(Origin)
"""Their positions are part of tokens that were sent: new origins go to the end."""


class InvalidToken(errors.NotFound):
    """The text is not a token, or it was changed."""

    def __init__(self) -> None:
        super().__init__(
            _("This link is not complete. Copy it again from the message.")
        )


@dataclass(frozen=True)
class Token:
    """A link in the message of `origin` to a person's first account, or to a group."""

    link: int
    origin: Origin
    origin_id: int
    target: int
    is_group: bool = False


def encode(token: Token) -> str:
    """The token as letters, digits, `-` and `_`."""
    kind = ORIGINS.index(token.origin) * 2 + token.is_group
    numbers = _pack([kind, token.link, token.origin_id, token.target])
    packed = base64.urlsafe_b64encode(numbers + _signature(numbers))
    return packed.decode().rstrip("=")


def decode(text: str) -> Token:
    """Raises InvalidToken."""
    if len(text) > MAX_LENGTH or not text.isascii():
        raise InvalidToken
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise InvalidToken from None
    numbers, signature = packed[:-SIGNATURE_BYTES], packed[-SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(numbers)):
        raise InvalidToken
    kind, link, origin_id, target = _unpack(numbers)
    origin, is_group = divmod(kind, 2)
    return Token(link, ORIGINS[origin], origin_id, target, bool(is_group))


def _signature(numbers: bytes) -> bytes:
    signed = salted_hmac(SALT, numbers, algorithm="sha256")
    return signed.digest()[:SIGNATURE_BYTES]


def _pack(numbers: Iterable[int]) -> bytes:
    """Numbers as bytes of seven bits each, the lowest first (LEB128)."""
    packed = bytearray()
    for number in numbers:
        while number > 127:
            packed.append(number & 127 | 128)
            number >>= 7
        packed.append(number)
    return bytes(packed)


def _unpack(packed: bytes) -> list[int]:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number, shift = 0, 0
    return numbers
