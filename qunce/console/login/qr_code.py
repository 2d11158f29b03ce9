"""The QR code that sets up two-factor, embedded in the page and never stored."""

from __future__ import annotations

import segno
from django_otp.plugins.otp_totp.models import TOTPDevice

from qunce.core.staff import two_factor


def data_uri(device: TOTPDevice) -> str:
    """Return the code as an SVG data URI, dark on white because cameras need that."""
    code = segno.make(two_factor.provisioning_uri(device), error="m")
    return str(code.svg_data_uri(scale=5, border=3, light="#fff", dark="#000"))
