"""The code of the place: six digits that change every 30 seconds, of a secret and the time."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from datetime import datetime, timedelta

from qunce.core import timestamps

STEP = timedelta(seconds=30)
DIGITS = 6
STEPS_AROUND = (0, -1, 1)
"""Steps in which a code is taken, as it takes time to type, and clocks differ."""


def code_at(secret: str, at: datetime) -> str:
    """The code to show at a moment."""
    return _code(secret, _step(at))


def is_right(secret: str, typed: str, at: datetime) -> bool:
    """Whether a code is that of now, of the step before or of the one after."""
    step, is_found = _step(at), False
    # Phones write full-width digits, too.
    code = unicodedata.normalize("NFKC", typed).strip().encode()
    for around in STEPS_AROUND:
        # All are compared, so that the time taken says nothing.
        is_found |= hmac.compare_digest(_code(secret, step + around).encode(), code)
    return is_found


def seconds_left(at: datetime) -> int:
    """How long the code of this moment is shown."""
    micros = timestamps.to_micros(STEP + timestamps.EPOCH)
    return (micros - timestamps.to_micros(at) % micros + 999_999) // 1_000_000


def _step(at: datetime) -> int:
    return (at - timestamps.EPOCH) // STEP


def _code(secret: str, step: int) -> str:
    digest = hmac.new(secret.encode(), str(step).encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}}"
