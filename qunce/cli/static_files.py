"""Style, script and pictures of all parts in one folder of the home, compressed."""

from __future__ import annotations

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib.staticfiles import finders

from qunce.cli import data_dir
from qunce.insight import chart_script

STAMP = "collected"
UNUSED = ["ext", "otp_totp", "django_otp"]
"""Folders of packages that no page of ours asks for."""


def collect() -> None:
    """Only what changed since the last start; files of other versions stay readable."""
    stamp = settings.STATIC_ROOT / STAMP
    with data_dir.lock("static.lock"):
        chart_script.packed()
        now = _fingerprint()
        if stamp.exists() and stamp.read_text() == now:
            return
        commands = import_module("django.core.management")
        commands.call_command(
            "collectstatic", interactive=False, ignore_patterns=UNUSED, verbosity=0
        )
        stamp.write_text(now)


def _fingerprint() -> str:
    found = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list(UNUSED), key=lambda each: str(each[0])):
            found.update(f"{name} {storage.size(name)} ".encode())
            found.update(f"{storage.get_modified_time(name)}\n".encode())
    return found.hexdigest()
