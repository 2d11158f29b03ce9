"""Chromium for the functional tests: the machine's own, else Debian's or Playwright's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import debian

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
)
"""Without what draws windows, Chromium takes half the CPU."""
PICTURES = os.environ.get("QUNCE_PICTURES", "") not in ("", "0")
"""Whether to photograph screens, as `make pictures` does. It doubles the time."""
EVERY_PAGE = os.environ.get("QUNCE_PAGES", "") not in ("", "0")
"""Whether to open every page as everybody, as `make pages` does."""
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"]


class NoBrowserError(Exception):
    """No Chromium was found. Install the package `chromium-headless-shell` or
    `chromium`, name its program in CHROMIUM, or run `playwright install chromium`."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


def program() -> str | None:
    """Its path; None is Playwright's own, if that is there."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    if _of_playwright():
        return None
    raise NoBrowserError


def _of_playwright() -> bool:
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    place = Path(folder) if folder else Path.home() / ".cache" / "ms-playwright"
    return any(place.glob("chromium-*"))


def install() -> None:
    """With what draws Chinese; by apt where this user may, else into the home.

    Where there is only a whole Chromium, the shell is installed beside it.
    """
    if os.environ.get("CHROMIUM") or shutil.which(NAMES[0]):
        return
    if debian.may_install():
        try:
            debian.install(NAMES[0], "fonts-noto-cjk")
        except subprocess.CalledProcessError:
            # Without a network, the whole one serves as well.
            program()
        return
    try:
        program()
    except NoBrowserError:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, check=True, stdout=sys.stderr)
