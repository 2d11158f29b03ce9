"""Collects style, script and pictures of all apps in one folder, compressed."""

from __future__ import annotations

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib.staticfiles import finders

from qunce.core import data_dir
from qunce.insight import chart_script

STAMP = "collected"
IGNORED_FOLDERS = ["ext", "otp_totp", "django_otp"]
"""Folders of packages that no page of ours uses."""


def collect() -> None:
    """Collect the files unless none has changed since the last start."""
    stamp = settings.STATIC_ROOT / STAMP
    with data_dir.lock("static.lock"):
        chart_script.load_gzipped()
        fingerprint = compute_fingerprint()
        if stamp.exists() and stamp.read_text() == fingerprint:
            return
        # Files of other versions stay, for pages that are still open.
        commands = import_module("django.core.management")
        commands.call_command(
            "collectstatic",
            interactive=False,
            ignore_patterns=IGNORED_FOLDERS,
            verbosity=0,
        )
        stamp.write_text(fingerprint)


def compute_fingerprint() -> str:
    """Return a hash of the names, sizes and times of all files to collect."""
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        files = sorted(finder.list(IGNORED_FOLDERS), key=lambda file: str(file[0]))
        for name, storage in files:
            digest.update(f"{name} {storage.size(name)} ".encode())
            digest.update(f"{storage.get_modified_time(name)}\n".encode())
    return digest.hexdigest()
