"""Tokens of personal links: encrypted, so that nobody can read or change what is in them.

A token has an id, an account, a purpose and two times. Nothing is stored when one is made,
so that a campaign can make a million of them.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce.core import encryption, timestamps

ENCRYPTED_FOR = "personal link"
SHARER = "sharer of a page"
FORMAT = struct.Struct(">B8sQQH")
VERSION = 1
ID_BYTES = 8
MAX_LENGTH = 300
HOUR = timedelta(hours=1)


class InvalidToken(Exception):
    """This is no token of ours, or it was changed."""


@dataclass(frozen=True)
class Token:
    """`source` is the message that it is in, such as `campaign:12`, or ""."""

    id: bytes
    account: int
    purpose: str
    issued_at: datetime
    hours: int
    source: str = ""

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + self.hours * HOUR


def encode(token: Token) -> str:
    issued = timestamps.to_micros(token.issued_at)
    head = FORMAT.pack(VERSION, token.id, token.account, issued, token.hours)
    texts = "\0".join([token.purpose, token.source]).encode()
    return _to_text(encryption.encrypt(head + texts, purpose=ENCRYPTED_FOR))


def decode(text: str) -> Token:
    """Raises InvalidToken."""
    secret = _read(text, ENCRYPTED_FOR)
    try:
        version, id_, account, issued, hours = FORMAT.unpack(secret[: FORMAT.size])
        purpose, source = secret[FORMAT.size :].decode().split("\0")
    except (struct.error, ValueError):
        raise InvalidToken from None
    if version != VERSION:
        raise InvalidToken
    issued_at = timestamps.from_micros(issued)
    return Token(id_, account, purpose, issued_at, hours, source)


def reference_of(account: int) -> str:
    """What the addresses that a member shares contain: it names them to nobody else."""
    secret = encryption.encrypt(struct.pack(">Q", account), purpose=SHARER)
    return _to_text(secret)


def find_sharer(reference: str) -> int | None:
    """The account of a reference, or None if it is none of ours."""
    try:
        account: int = struct.unpack(">Q", _read(reference, SHARER))[0]
    except (InvalidToken, struct.error):
        return None
    return account


def _to_text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _read(text: str, purpose: str) -> bytes:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise InvalidToken
    try:
        encrypted = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        # A character that base64 passes over would make a second text of one token.
        if _to_text(encrypted) != text:
            raise InvalidToken
        return encryption.decrypt(encrypted, purpose=purpose)
    except (binascii.Error, ValueError, encryption.Unreadable):
        raise InvalidToken from None
