"""Checks of who can read what: secrets with our key, the home by its owner only."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import encryption
from qunce.core.staff import two_factor
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

CODE = "secret"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@doctor.register_check("secrets")
def check_secrets() -> Iterator[Finding]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, encryption.EncryptedField):
                for row in model._default_manager.iterator():
                    if getattr(row, field.name) == encryption.UNREADABLE:
                        yield Finding(CODE, str(row), _sentence(str(row)))
    for app in two_factor.AuthenticatorApp.objects.select_related("user"):
        if not app.is_readable:
            yield Finding(CODE, app.user.login, _sentence(app.user.login))


def _sentence(subject: str) -> str:
    return _(
        "The secret of %(subject)s was encrypted with another secret key. Put the old"
        " secret.key back, or renew the secret."
    ) % {"subject": subject}


@doctor.register_check("modes")
def check_modes() -> Iterator[Finding]:
    """Homes that an older version made can be read by every user of the machine."""
    # What is inside of a closed folder is closed as well.
    mode = settings.HOME.stat().st_mode
    if mode & OTHERS:
        text = _("Other users of this machine can read %(home)s.")
        yield Finding(
            "modes", str(settings.HOME), text % {"home": settings.HOME}, _close
        )


def _close() -> None:
    settings.HOME.chmod(stat.S_IMODE(settings.HOME.stat().st_mode) & ~OTHERS)
