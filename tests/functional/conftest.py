"""A real `qunce serve` with the tea shop, and Chromium as its client.

Both end with this folder, because Playwright's event loop in this thread would keep
other tests from the database.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api as playwright

from tests import browser, home, server_process
from tests.cli.runner import environment
from tests.functional import clocked_site
from tests.functional.browser_user import BrowserUser

ROOT = Path(__file__).parents[2]
TEA_SHOP = "tea_shop.json"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
FAILED = pytest.StashKey[bool]()
CHINESE = ("mei", "chen", "wang", "yan", "zh-writer", "zh-manager")
"""Logins of people whose browser is in Chinese."""
CLOCK = ("LD_PRELOAD", "FAKETIME")
PRIVATE = {"QUNCE_ALLOW_PRIVATE_HOMESERVERS": "1"}
"""The homeservers of tests are on this machine, and apps that show widgets, too."""
TIMEOUT = int(os.environ.get("QUNCE_TIMEOUT", "90000"))
"""Milliseconds, so long that only a fault reaches it on a busy machine."""
LATENCY = int(os.environ.get("QUNCE_LATENCY", "0"))
"""Milliseconds by which each answer comes later. A test that looks at a page before what
it did has arrived fails with 700."""


@dataclass(frozen=True)
class Site:
    url: str
    home: Path
    ids: dict[str, int]
    sessions: dict[str, Any]
    """Playwright's states by login. Signing in by the form takes 1.5 s of CPU."""


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving_the_tea_shop(tmp_path_factory.mktemp("home")) as site:
        yield site


@contextmanager
def serving_the_tea_shop(folder: Path) -> Iterator[Site]:
    """The tea shop as it was built, in a folder of its own."""
    with home.once("tea-shop") as built:
        if not built.exists():
            build_tea_shop(built)
    shutil.copytree(built, folder, dirs_exist_ok=True)
    shop = json.loads((folder / TEA_SHOP).read_text())
    with server_process.serving(folder, **PRIVATE) as server:
        server.wait_for_health(lag=0)
        sessions = clocked_site.storage_states(shop["sessions"])
        yield Site(server.url, folder, shop["ids"], sessions)
        # Print the log, which shows what went wrong behind a page.
        print(server.stop())


def build_tea_shop(built: Path) -> None:
    """Build a home with the tea shop, once per run. It takes 10 s of CPU."""
    new = home.migrated(built.with_suffix(".new"))
    result = subprocess.run(
        [sys.executable, "-m", "tests.functional.tea_shop"],
        env=environment(new),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (new / TEA_SHOP).write_text(result.stdout.splitlines()[-1])
    new.rename(built)


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


@pytest.fixture
def visit(
    site: Site, chromium: playwright.Browser, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """`visit("mei", phone=True)` is a user with a browser of their own, signed in.

    Their first page is blank, or Today with `by_form=True`.
    """
    yield from visits(site.url, site.ids, chromium, site.sessions, request)


def visits(
    url: str,
    ids: dict[str, int],
    chromium: playwright.Browser,
    sessions: dict[str, Any],
    request: pytest.FixtureRequest,
) -> Iterator[Any]:
    """The function `visit` for a site; at the end no page may have had a fault."""
    users: list[BrowserUser] = []

    def open_browser(
        login: str = "", *, phone: bool = False, by_form: bool = False, **options: Any
    ) -> BrowserUser:
        settings = {
            "storage_state": sessions[login] if login and not by_form else None,
            "viewport": PHONE if phone else DESKTOP,
            "has_touch": phone,
            "locale": "zh-CN" if login in CHINESE else "en-GB",
            **options,
        }
        context = chromium.new_context(
            base_url=url,
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
            **settings,
        )
        context.set_default_timeout(TIMEOUT)
        user = BrowserUser(context.new_page(), ids)
        user.delay_answers(LATENCY)
        if options.get("java_script_enabled", True):
            user.await_scripts()
        users.append(user)
        if by_form:
            user.sign_in(login)
        return user

    yield open_browser
    for index, user in enumerate(users):
        if request.node.stash.get(FAILED, False):
            print(user.describe())
            user.take_screenshot(f"failed-{request.node.name}-{index}", always=True)
        user.page.context.close()
    faults = [fault for user in users for fault in user.faults]
    assert faults == []
