"""A real `qunce serve` with a house of its own, and Chromium in front of it.

Both end with this folder: Playwright's loop in this thread would keep other tests from
their database.
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
from tests.functional.browser_user import Visitor

ROOT = Path(__file__).parents[2]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
FAILED = pytest.StashKey[bool]()
CLOCK = ("LD_PRELOAD", "FAKETIME")
PATIENCE = 90_000
"""Milliseconds; only a fault waits so long, whatever else the machine does."""


@dataclass(frozen=True)
class Site:
    url: str
    home: Path
    places: dict[str, int]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = home.migrated(tmp_path_factory.mktemp("house"))
    made = subprocess.run(
        [sys.executable, "-m", "tests.functional.tea_shop"],
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    places = json.loads(made.stdout.splitlines()[-1])
    with server_process.serving(folder) as it:
        it.wait_for_health(lag=0)
        yield Site(it.url, folder, places)
        # Its last words tell what went wrong behind a page.
        print(it.stop())


@pytest.fixture(scope="package")
def chromium() -> Iterator[playwright.Browser]:
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as play:
        it = play.chromium.launch(
            executable_path=browser.program(),
            args=browser.FLAGS,
            headless=True,
            # Chromium never comes to rest under the faked clock of `make test-dates`.
            env={k: v for k, v in os.environ.items() if k not in CLOCK},
        )
        yield it
        it.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def visit(
    site: Site, chromium: playwright.Browser, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """`visit("mei", phone=True)` is somebody at a browser of their own, signed in."""
    visitors: list[Visitor] = []

    def come(login: str = "", *, phone: bool = False, **options: Any) -> Visitor:
        given = {"viewport": PHONE if phone else DESK, "has_touch": phone, **options}
        context = chromium.new_context(
            base_url=site.url,
            locale="zh-CN" if login in ("mei", "chen", "wang") else "en-GB",
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
            **given,
        )
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(context.new_page(), site.places)
        visitors.append(visitor)
        if login:
            visitor.sign_in(login)
        return visitor

    yield come
    for number, visitor in enumerate(visitors):
        if request.node.stash.get(FAILED, False):
            visitor.photograph(f"failed-{request.node.name}-{number}", always=True)
        visitor.page.context.close()
    faults = [fault for visitor in visitors for fault in visitor.faults]
    assert faults == []
