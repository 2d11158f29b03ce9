"""Somebody at a browser: signs in, looks, and hears whatever the page complains of."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python import sync_playwright as axe
from playwright import sync_api as playwright

from tests import browser
from tests.functional.tea_shop import PASSWORD

SCREENS = Path(__file__).parents[2] / "var" / "screens"
SERIOUS = ("serious", "critical")
Look = Callable[..., "Visitor"]


class Visitor:
    """`faults` are errors of scripts, what the policy refused, and answers of 5xx."""

    def __init__(self, page: playwright.Page, places: dict[str, int]) -> None:
        self.page, self.places = page, places
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._hear)
        page.on("response", self._look_at)

    def _hear(self, message: playwright.ConsoleMessage) -> None:
        # Answers such as 404 and 422 are told apart by `_look_at`.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{self.page.url}: {message.text}")

    def _look_at(self, answer: playwright.Response) -> None:
        if answer.status >= 500:
            self.faults.append(f"{answer.url}: {answer.status}")

    def sign_in(self, login: str) -> None:
        self.go("/sign-in/")
        self.page.locator("input[name=login]").fill(login)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("main button.primary, form button.primary").first.click()
        self.page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))

    def go(self, path: str) -> playwright.Response:
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        return answer

    def button(self, name: str) -> playwright.Locator:
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> playwright.Locator:
        return self.page.get_by_role("link", name=name)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def sees(self, text: str | re.Pattern[str]) -> None:
        playwright.expect(self.page.locator("main").first).to_contain_text(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def barriers(self) -> list[str]:
        """What axe-core finds on this page that keeps somebody out."""
        found: Any = axe.Axe().run(self.page)
        return [
            f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:160]}"
            for each in found.response["violations"]
            if each["impact"] in SERIOUS
            for node in each["nodes"][:3]
        ]

    def overflows(self) -> bool:
        """Whether the page itself has to be moved sideways."""
        wide = "document.documentElement.scrollWidth > window.innerWidth + 1"
        return bool(self.page.evaluate(wide))

    def photograph(self, name: str, *, always: bool = False) -> None:
        if not (browser.PICTURES or always):
            return
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.jpg"
        self.page.screenshot(path=path, type="jpeg", quality=70, full_page=True)
