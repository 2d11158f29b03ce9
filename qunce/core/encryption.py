"""Encryption of secrets that are stored and have to be read again.

The key is derived from the secret key of the installation, which is in no backup. Who has
only a copy of the database can read none of these secrets.
"""

from __future__ import annotations

import base64
import functools
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES = 64
UNREADABLE = ""
"""What an encrypted field contains if it was encrypted with another key."""


class Unreadable(Exception):
    """This was encrypted with another key, for another purpose, or has been changed."""


def encrypt(secret: bytes, *, purpose: str) -> bytes:
    """The secret, encrypted with AES-SIV (RFC 5297); 16 bytes longer than it was.

    The same secret for the same purpose gives the same bytes.
    """
    return _cipher(settings.SECRET_KEY).encrypt(secret, [purpose.encode()])


def decrypt(encrypted: bytes, *, purpose: str) -> bytes:
    """Raises Unreadable."""
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(settings.SECRET_KEY).decrypt(encrypted, [purpose.encode()])
    except (InvalidTag, ValueError):
        raise Unreadable from None


@functools.lru_cache(maxsize=2)
def _cipher(secret_key: str) -> AESSIV:
    # Loaded when it is needed, as few commands read a secret.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"qunce.encryption")
    return AESSIV(derive.derive(secret_key.encode()))


SetType = TypeVar("SetType")
GetType = TypeVar("GetType")

if TYPE_CHECKING:

    class EncryptedField(models.Field[SetType, GetType]):
        _pyi_private_set_type: str
        _pyi_private_get_type: str

else:

    class EncryptedField(models.TextField):
        """A text that is encrypted in the database, and `UNREADABLE` with another key."""

        def from_db_value(self, value: str | None, *_: Any) -> str | None:
            if value is None:
                return None
            try:
                encrypted = base64.b64decode(value, validate=True)
                return decrypt(encrypted, purpose=self._purpose).decode()
            except (Unreadable, ValueError):
                return UNREADABLE

        def get_prep_value(self, value: str | None) -> str | None:
            if value is None:
                return None
            encrypted = encrypt(value.encode(), purpose=self._purpose)
            return base64.b64encode(encrypted).decode()

        @property
        def _purpose(self) -> str:
            return f"{self.model._meta.db_table}.{self.column}"
