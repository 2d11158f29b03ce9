"""Somebody who finds buttons and sentences of the console in their language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext, override, pgettext
from playwright.sync_api import Locator, Page, expect

from tests.functional.browser_user import BrowserUser


@dataclass
class Walker:
    """`language` is that of the user; `name` begins the names of the screenshots."""

    user: BrowserUser
    language: str
    name: str

    @property
    def page(self) -> Page:
        return self.user.page

    def label(self, text: str, **values: Any) -> str:
        """The sentence in the language of the user, with values."""
        with override(self.language):
            return gettext(text) % values

    def label_in(self, context: str, text: str) -> str:
        with override(self.language):
            return pgettext(context, text)

    def count(self, one: str, many: str, n: int, **values: Any) -> str:
        with override(self.language):
            return ngettext(one, many, n) % {"n": n, **values}

    def click(self, text: str, role: Any = "button", within: Any = None) -> None:
        place: Page | Locator = within or self.page.locator("body")
        place.get_by_role(role, name=self.label(text)).first.click()

    def follow(self, text: str) -> None:
        self.click(text, "link")

    def reads(self, text: str) -> None:
        """Wait until the sentence stands on the page."""
        expect(self.page.locator("main")).to_contain_text(text)

    def open(self, text: str) -> None:
        self.page.locator("summary").filter(has_text=self.label(text)).first.click()

    def pattern(self, text: str) -> re.Pattern[str]:
        """Matches the sentence with any values."""
        with override(self.language):
            parts = re.split(r"%\(\w+\)s", gettext(text).replace("%%", "%"))
        return re.compile("(.+?)".join(map(re.escape, parts)))

    def see(self, name: str) -> None:
        """Check that the screen fits its width and is accessible, and photograph it."""
        self.photograph(name)
        assert self.user.accessibility_faults() == []

    def photograph(self, name: str) -> None:
        """Photograph a screen that fits its width; `make pages` checks the rest."""
        assert not self.user.overflows(), name
        size = self.page.viewport_size
        width = size["width"] if size else 0
        self.user.take_screenshot(f"{self.name}-{name}-{self.language}-{width}")
