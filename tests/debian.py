"""Debian's packages, for tests that need a program which is not there."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    _update()
    _run("install", *packages)


@functools.cache
def _update() -> None:
    _run("update")


def _run(*words: str) -> None:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-y", "--no-install-recommends"]
    subprocess.run([*apt, *words], check=True, env=quiet, stdout=sys.stderr)
