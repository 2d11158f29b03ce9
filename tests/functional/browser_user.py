"""A user at a browser, who signs in, navigates, and collects the errors of pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from axe_playwright_python import sync_playwright as axe
from playwright import sync_api as playwright

from tests import browser
from tests.functional.tea_shop import PASSWORD

SCREENS = Path(__file__).parents[2] / "var" / "screens"
SERIOUS = ("serious", "critical")
MARK_LOADED = (
    "addEventListener('load', () => { document.documentElement.dataset.loaded = '' })"
)
SHOWN = 1_500
"""Characters of a page that a failed test prints."""


class BrowserUser:
    """A person at a browser.

    `faults` are script errors, violations of the security policy, failed requests and 5xx
    responses.
    """

    def __init__(self, page: playwright.Page, ids: dict[str, int]) -> None:
        self.page, self.ids = page, ids
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._on_console)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_request_failed)

    def _on_console(self, message: playwright.ConsoleMessage) -> None:
        # The browser also logs 404 and 422, which `_on_response` tells apart, and htmx
        # logs requests without a response, which `_on_request_failed` does.
        expected = (
            "Failed to load resource",
            "htmx:afterRequest",
            "htmx:sendError",
            "htmx:sendAbort",
        )
        if message.type == "error" and not any(t in message.text for t in expected):
            self.faults.append(f"{self.page.url}: {message.text}")

    def _on_request_failed(self, request: playwright.Request) -> None:
        # Leaving a page aborts the requests that it still waits for.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.url}: {request.failure}")

    def _on_response(self, response: playwright.Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.url}: {response.status}")

    def sign_in(self, login: str) -> None:
        self.go("/sign-in/")
        self.page.locator("input[name=login]").fill(login)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("main button.primary, form button.primary").first.click()
        self.page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))

    def go(self, path: str) -> playwright.Response:
        response = self.page.goto(path, wait_until="load")
        assert response is not None
        return response

    def button(self, name: str) -> playwright.Locator:
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> playwright.Locator:
        return self.page.get_by_role("link", name=name)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def sees(self, text: str | re.Pattern[str]) -> None:
        playwright.expect(self.page.locator("main").first).to_contain_text(text)

    def press(self, *keys: str) -> None:
        self.page.wait_for_load_state("load")
        for key in keys:
            self.page.keyboard.press(key)

    def await_scripts(self) -> None:
        """Act and look only when a page has loaded with its scripts.

        A click on a link returns before that, and what is typed then is not noticed.
        """
        self.page.add_init_script(MARK_LOADED)
        loading = self.page.locator("html:not([data-loaded])")
        self.page.add_locator_handler(loading, lambda: None)

    def describe(self) -> str:
        """Return the address and the visible text of the page, for the log of a failure."""
        try:
            text = self.page.locator("body").inner_text(timeout=5_000)
        except playwright.Error as error:
            text = f"no text: {error}"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return f"{self.page.url}\n" + "\n".join(lines)[:SHOWN]

    def delay_answers(self, milliseconds: int) -> None:
        if milliseconds:
            session = self.page.context.new_cdp_session(self.page)
            session.send("Network.enable")
            conditions = {"offline": False, "latency": milliseconds}
            unlimited = {"downloadThroughput": -1, "uploadThroughput": -1}
            session.send("Network.emulateNetworkConditions", conditions | unlimited)

    def accessibility_faults(self) -> list[str]:
        """Return the serious violations that axe-core finds on this page."""
        result: Any = axe.Axe().run(self.page)
        return [
            f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]}"
            for violation in result.response["violations"]
            if violation["impact"] in SERIOUS
            for node in violation["nodes"][:3]
        ]

    def overflows(self) -> bool:
        """Whether the page has a horizontal scroll bar."""
        script = "document.documentElement.scrollWidth > window.innerWidth + 1"
        return bool(self.page.evaluate(script))

    def take_screenshot(self, name: str, *, always: bool = False) -> None:
        if not (browser.PICTURES or always):
            return
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.jpg"
        self.page.screenshot(path=path, type="jpeg", quality=70, full_page=True)


def wait_for_text(page: playwright.Page, address: str, text: str) -> None:
    """Wait until the worker has done what a page then shows."""
    # Not wait_for_function, for which a promise is an answer.
    found = page.evaluate(
        """async ([address, text]) => {
          for (let look = 0; look < 180; look++) {
            const answer = await fetch(address);
            if ((await answer.text()).includes(text)) return true;
            await new Promise(resume => setTimeout(resume, 500));
          }
          return false;
        }""",
        [address, text],
    )
    assert found, f"{text} is not on {address}"
