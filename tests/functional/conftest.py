"""A real `qunce serve` with the tea shop, and Chromium as its client.

Both end with this folder, because Playwright's event loop in this thread would keep
other tests from the database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api as playwright

from tests import browser, home, server_process
from tests.cli.runner import environment
from tests.functional.browser_user import BrowserUser

ROOT = Path(__file__).parents[2]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
FAILED = pytest.StashKey[bool]()
CHINESE = ("mei", "chen", "wang", "yan", "zh-writer", "zh-manager")
"""Logins of people whose browser is in Chinese."""
CLOCK = ("LD_PRELOAD", "FAKETIME")
TIMEOUT = 90_000
"""Milliseconds, so long that only a fault reaches it on a busy machine."""


@dataclass(frozen=True)
class Site:
    url: str
    home: Path
    ids: dict[str, int]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = home.migrated(tmp_path_factory.mktemp("home"))
    result = subprocess.run(
        [sys.executable, "-m", "tests.functional.tea_shop"],
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    ids = json.loads(result.stdout.splitlines()[-1])
    with server_process.serving(folder) as server:
        server.wait_for_health(lag=0)
        yield Site(server.url, folder, ids)
        # Print the log, which shows what went wrong behind a page.
        print(server.stop())


@pytest.fixture(scope="package")
def chromium() -> Iterator[playwright.Browser]:
    playwright.expect.set_options(timeout=TIMEOUT)
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=browser.program(),
            args=browser.FLAGS,
            headless=True,
            # Chromium never becomes idle under the faked clock of `make test-dates`.
            env={k: v for k, v in os.environ.items() if k not in CLOCK},
        )
        yield chromium
        chromium.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")
def signed_in() -> dict[str, Any]:
    """Cookies by login. Signing in by the form takes 1.5 s of CPU."""
    return {}


@pytest.fixture
def visit(
    site: Site,
    chromium: playwright.Browser,
    signed_in: dict[str, Any],
    request: pytest.FixtureRequest,
) -> Iterator[Any]:
    """`visit("mei", phone=True)` is a user with a browser of their own, signed in.

    Their first page is blank, or Today with `by_form=True`.
    """
    yield from visits(site.url, site.ids, chromium, signed_in, request)


def visits(
    url: str,
    ids: dict[str, int],
    chromium: playwright.Browser,
    signed_in: dict[str, Any],
    request: pytest.FixtureRequest,
) -> Iterator[Any]:
    """The function `visit` for a site; at the end no page may have had a fault."""
    users: list[BrowserUser] = []

    def open_browser(
        login: str = "", *, phone: bool = False, by_form: bool = False, **options: Any
    ) -> BrowserUser:
        is_known = login in signed_in and not by_form
        settings = {
            "storage_state": signed_in[login] if is_known else None,
            "viewport": PHONE if phone else DESKTOP,
            "has_touch": phone,
            **options,
        }
        context = chromium.new_context(
            base_url=url,
            locale="zh-CN" if login in CHINESE else "en-GB",
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
            **settings,
        )
        context.set_default_timeout(TIMEOUT)
        user = BrowserUser(context.new_page(), ids)
        users.append(user)
        if login and not is_known:
            user.sign_in(login)
            signed_in[login] = context.storage_state()
        return user

    yield open_browser
    for index, user in enumerate(users):
        if request.node.stash.get(FAILED, False):
            user.take_screenshot(f"failed-{request.node.name}-{index}", always=True)
        user.page.context.close()
    faults = [fault for user in users for fault in user.faults]
    assert faults == []
