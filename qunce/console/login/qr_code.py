"""The QR code that sets up two-factor, embedded in the page and never stored."""

from __future__ import annotations

import segno

from qunce.core.staff import two_factor


def data_uri(device: two_factor.AuthenticatorApp) -> str:
    """Return the code as an SVG data URI, dark on white because cameras need that."""
    code = segno.make(two_factor.provisioning_uri(device), error="m")
    return str(code.svg_data_uri(scale=5, border=3, light="#fff", dark="#000"))
