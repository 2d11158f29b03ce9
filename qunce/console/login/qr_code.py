"""The QR code of a second factor, as a picture in the page: it never lies in a file."""

from __future__ import annotations

import segno
from django_otp.plugins.otp_totp.models import TOTPDevice

from qunce.core.staff import two_factor


def data_uri(device: TOTPDevice) -> str:
    """A data address; black on white whatever the theme, as cameras want it."""
    drawn = segno.make(two_factor.provisioning_uri(device), error="m")
    return str(drawn.svg_data_uri(scale=5, border=3, light="#fff", dark="#000"))
