"""Signatures after the Standard Webhooks specification, which many libraries verify.

`webhook-signature: v1,BASE64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))`
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(*, secret: str, name: str, seconds: int, body: bytes) -> dict[str, str]:
    """`name` is the same each time a delivery is tried, `seconds` since 1970 is not."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{name}.{seconds}.".encode() + body
    mark = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{mark}",
    }
