"""The second factor: codes of an app (TOTP), and ten recovery codes for a lost phone."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff import login_attempts, ranks
from qunce.core.staff.models import Staff

RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


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


class WrongCode(errors.Invalid):
    """The code is not right, or no longer."""


class TwoFactorRequired(errors.Refused):
    """Two-factor is required of all here."""


def is_enabled(staff: Staff) -> bool:
    return bool(TOTPDevice.objects.filter(user=staff, confirmed=True).exists())


def get_device(staff: Staff) -> TOTPDevice:
    return TOTPDevice.objects.get(user=staff, confirmed=True)


def pending_device(staff: Staff) -> TOTPDevice:
    """The secret that waits for its first code; the same until it is confirmed."""
    return TOTPDevice.objects.get_or_create(
        user=staff, confirmed=False, defaults={"name": "app"}
    )[0]


def provisioning_uri(device: TOTPDevice) -> str:
    """What the QR code carries, `otpauth://…`, with the community as the issuer."""
    return str(device.config_url)


def format_secret(device: TOTPDevice) -> str:
    """For typing in by hand, in groups of four."""
    plain = base64.b32encode(device.bin_key).decode()
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


@transaction.atomic
def enable(*, staff: Staff, code: str, at: datetime) -> list[str]:
    """The first right code turns it on; returns the recovery codes, told this once."""
    device = pending_device(staff)
    if not device.verify_token(_digits(code)):
        raise WrongCode(_("The code is incorrect. Check the clock of your phone."))
    TOTPDevice.objects.filter(user=staff).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    told = TwoFactorEnabled(staff=staff.pk, login=staff.login)
    facts.record(told, community=staff.community, by=staff, at=at)
    return _new_codes(staff)


@transaction.atomic
def renew_recovery_codes(*, staff: Staff, at: datetime) -> list[str]:
    told = RecoveryCodesGenerated(staff=staff.pk, login=staff.login)
    facts.record(told, community=staff.community, by=staff, at=at)
    return _new_codes(staff)


def _new_codes(staff: Staff) -> list[str]:
    StaticDevice.objects.filter(user=staff).delete()
    device = StaticDevice.objects.create(user=staff, name="recovery")
    codes = [
        "".join(secrets.choice(ALPHABET) for _place in range(10))
        for _code in range(RECOVERY_CODES)
    ]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_kept(code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def count_recovery_codes(staff: Staff) -> int:
    return int(StaticToken.objects.filter(device__user=staff).count())


def check_disable(staff: Staff) -> None:
    if staff.community.second_factor:
        raise TwoFactorRequired(_("Two-factor is required for all staff."))


@transaction.atomic
def disable(*, staff: Staff, by: Staff, at: datetime) -> None:
    """One's own, or that of staff who lost the phone and every code."""
    if by.pk != staff.pk:
        ranks.check_over(by, staff)
    else:
        check_disable(staff)
    had = is_enabled(staff)
    StaticDevice.objects.filter(user=staff).delete()
    TOTPDevice.objects.filter(user=staff).delete()
    if had:
        told = TwoFactorDisabled(staff=staff.pk, login=staff.login)
        facts.record(told, community=staff.community, by=by, at=at)


def verify(*, staff: Staff, code: str, at: datetime) -> Device:
    """Which device took the code; each attempt is counted, each code good once."""
    whom = ("code", str(staff.pk))
    login_attempts.start(whom, at=at)
    device = _taken(staff, code)
    if device is None:
        raise WrongCode(_("The code is incorrect or has already been used."))
    login_attempts.reset(whom)
    return device


@transaction.atomic
def _taken(staff: Staff, code: str) -> Device | None:
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    if plain.isascii() and plain.isdigit() and len(plain) == 6:
        apps = TOTPDevice.objects.select_for_update().filter(confirmed=True)
        for app in apps.filter(user=staff):
            if app.verify_token(plain):
                return app
        return None
    for codes in StaticDevice.objects.select_for_update().filter(user=staff):
        if plain and codes.verify_token(_kept(plain)):
            return codes
    return None


def _digits(code: str) -> str:
    return code.replace(" ", "").strip()


def _kept(code: str) -> str:
    """What is stored of a recovery code: useless without the secret key."""
    return salted_hmac("qunce.recovery", code, algorithm="sha256").hexdigest()[:16]
