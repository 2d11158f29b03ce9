"""Two-factor: codes of an authenticator app (TOTP) and ten recovery codes."""

from __future__ import annotations

import base64
import secrets
from binascii import unhexlify
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from qunce.core import encryption, errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import linked_accounts, login_attempts
from qunce.core.staff.models import Staff

RECOVERY_CODES = 10
CODE_LENGTH = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that are not mistaken for each other."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TwoFactorEnabled(facts.FactKind):
    kind = "staff.two_factor_enabled"
    label = gettext_lazy("two-factor turned on")
    staff: int
    login: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TwoFactorDisabled(facts.FactKind):
    kind = "staff.two_factor_disabled"
    label = gettext_lazy("two-factor turned off")
    staff: int
    login: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RecoveryCodesGenerated(facts.FactKind):
    kind = "staff.recovery_codes_generated"
    label = gettext_lazy("recovery codes generated")
    staff: int
    login: str


class AuthenticatorApp(TOTPDevice):  # type: ignore[misc]
    """An app that shows codes; the secret it shares with us is stored encrypted."""

    class Meta:
        proxy = True

    @property
    def bin_key(self) -> bytes:
        return encryption.decrypt(unhexlify(self.key), purpose=_purpose(self.user_id))

    @property
    def is_readable(self) -> bool:
        """False if the secret was encrypted with another key."""
        try:
            return bool(self.bin_key)
        except encryption.Unreadable:
            return False

    def verify_token(self, token: str) -> bool:
        return self.is_readable and bool(super().verify_token(token))


def _purpose(staff_id: int) -> str:
    # With the id, so that nobody moves a secret of theirs into the row of another.
    return f"two_factor.{staff_id}"


class WrongCode(errors.Invalid):
    """The code is incorrect or has already been used."""


class TwoFactorRequired(errors.Refused):
    """Two-factor is required for all staff."""


def check_disable(staff: Staff) -> None:
    if staff.community.two_factor_required:
        raise TwoFactorRequired(_("Two-factor is required for all staff."))


@transaction.atomic
def enable(*, staff: Staff, code: str, at: datetime) -> list[str]:
    """Turn two-factor on with the first code of the pending device.

    Returns the recovery codes, which cannot be read again. Raises WrongCode.
    """
    device = pending_device(staff)
    if not device.verify_token(code.replace(" ", "").strip()):
        raise WrongCode(_("The code is incorrect. Check the clock of your phone."))
    # The new phone replaces the old one.
    AuthenticatorApp.objects.filter(user=staff).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    enabled = TwoFactorEnabled(staff=staff.pk, login=staff.login)
    facts.record(enabled, community=staff.community, by=staff, at=at)
    return _generate_recovery_codes(staff)


@transaction.atomic
def renew_recovery_codes(*, staff: Staff, at: datetime) -> list[str]:
    """Replace all recovery codes; returns the new ones, which cannot be read again."""
    generated = RecoveryCodesGenerated(staff=staff.pk, login=staff.login)
    facts.record(generated, community=staff.community, by=staff, at=at)
    return _generate_recovery_codes(staff)


def _generate_recovery_codes(staff: Staff) -> list[str]:
    StaticDevice.objects.filter(user=staff).delete()
    device = StaticDevice.objects.create(user=staff, name="recovery")
    codes = [
        "".join(secrets.choice(ALPHABET) for _index in range(CODE_LENGTH))
        for _code in range(RECOVERY_CODES)
    ]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_digest(code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


@transaction.atomic
def disable(*, staff: Staff, by: Staff, at: datetime) -> None:
    """Turn off one's own two-factor, or that of staff who lost phone and codes.

    The latter parts their accounts in other communities, like a new password.
    """
    if by.pk != staff.pk:
        permissions.check_manage_staff(by, staff)
        linked_accounts.part(staff=staff, by=by, at=at)
    else:
        check_disable(staff)
    was_enabled = is_enabled(staff)
    StaticDevice.objects.filter(user=staff).delete()
    AuthenticatorApp.objects.filter(user=staff).delete()
    if was_enabled:
        disabled = TwoFactorDisabled(staff=staff.pk, login=staff.login)
        facts.record(disabled, community=staff.community, by=by, at=at)


def verify(*, staff: Staff, code: str, at: datetime) -> Device:
    """The device that accepts the code. Raises WrongCode or TooManyAttempts.

    Every attempt is counted, and every code is valid once.
    """
    subject = ("code", str(staff.pk))
    # Counted in a transaction of its own, so that a failure does not take the count
    # back.
    login_attempts.start(subject, at=at)
    device = _find_accepting_device(staff, code)
    if device is None:
        raise WrongCode(_("The code is incorrect or has already been used."))
    login_attempts.reset(subject)
    return device


@transaction.atomic
def _find_accepting_device(staff: Staff, code: str) -> Device | None:
    # Rows are locked, so that of two requests with one code only one succeeds.
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    if plain.isascii() and plain.isdigit() and len(plain) == 6:
        apps = AuthenticatorApp.objects.select_for_update().filter(confirmed=True)
        for app in apps.filter(user=staff):
            if app.verify_token(plain):
                return app
        return None
    for codes in StaticDevice.objects.select_for_update().filter(user=staff):
        if plain and codes.verify_token(_digest(plain)):
            return codes
    return None


def _digest(code: str) -> str:
    """What is stored of a recovery code; useless without the secret key."""
    return salted_hmac("qunce.recovery", code, algorithm="sha256").hexdigest()[:16]


def is_enabled(staff: Staff) -> bool:
    return bool(AuthenticatorApp.objects.filter(user=staff, confirmed=True).exists())


def get_device(staff: Staff) -> AuthenticatorApp:
    device: AuthenticatorApp = AuthenticatorApp.objects.get(user=staff, confirmed=True)
    return device


def pending_device(staff: Staff) -> AuthenticatorApp:
    """The device that waits for its first code; its secret stays the same until then."""
    secret = encryption.encrypt(secrets.token_bytes(20), purpose=_purpose(staff.pk))
    created = {"name": "app", "key": secret.hex()}
    device: AuthenticatorApp = AuthenticatorApp.objects.get_or_create(
        user=staff, confirmed=False, defaults=created
    )[0]
    return device


def provisioning_uri(device: AuthenticatorApp) -> str:
    """The `otpauth://` URI of the QR code."""
    return str(device.config_url)


def format_secret(device: AuthenticatorApp) -> str:
    """The secret in groups of four letters, to be typed in by hand."""
    plain = base64.b32encode(device.bin_key).decode()
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def count_recovery_codes(staff: Staff) -> int:
    """How many recovery codes have not been used yet."""
    return int(StaticToken.objects.filter(device__user=staff).count())
