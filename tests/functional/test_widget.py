"""Member pages as the widget of a room, in a page that plays the part of the app (X6)."""

from __future__ import annotations

import html
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright import sync_api as playwright

from tests import server_process
from tests.channels.matrix import homeserver
from tests.channels.matrix.homeserver import Homeserver
from tests.cli.runner import environment
from tests.functional.conftest import PRIVATE, ROOT, Site
from tests.functional.widget_site import POINTS, SERVER, USER

WIDGET = "!room_widget"
BALANCE = f"{POINTS:,}"
PAGE = """<!doctype html><title>App</title>
<button id="allow">Allow</button> <button id="refuse">Refuse</button>
<iframe src="%(src)s" width="390" height="700"
  sandbox="allow-forms allow-popups allow-popups-to-escape-sandbox allow-same-origin
    allow-scripts"></iframe>
<script>
"use strict";
// What Element does: it asks its user, and then reports the answer by another message.
const given = %(given)s, widgetId = %(widget)s, asked = [];
const frame = document.querySelector("iframe").contentWindow;
window.replies = [];
function send(action, data) {
  frame.postMessage({api: "toWidget", requestId: action + Math.random(), action, widgetId, data}, "*");
}
addEventListener("message", (event) => {
  const message = event.data;
  if (event.source !== frame || message.widgetId !== widgetId) return;
  if (message.api === "toWidget") { window.replies.push(message); return; }
  if (message.action !== "get_openid") return;
  asked.push(message.requestId);
  frame.postMessage({...message, response: {state: "request"}}, "*");
});
function answer(state, more) {
  send("openid_credentials", {state, original_request_id: asked[asked.length - 1], ...more});
}
document.getElementById("allow").onclick = () => answer("allowed", given);
document.getElementById("refuse").onclick = () => answer("blocked", {});
document.querySelector("iframe").onload = () => send("capabilities", {});
</script>
"""


@dataclass
class App:
    """A web app on this machine that shows one widget."""

    port: int = 0
    page: str = ""

    def show(self, src: str, token: str) -> None:
        given = {
            "access_token": token,
            "token_type": "Bearer",
            "matrix_server_name": SERVER,
            "expires_in": 3600,
        }
        self.page = PAGE % {
            "src": html.escape(src),
            "given": json.dumps(given),
            "widget": json.dumps(WIDGET),
        }

    def at(self, host: str) -> str:
        return f"http://{host}:{self.port}"


@contextmanager
def app() -> Iterator[App]:
    running = App()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(running.page.encode() if self.path == "/" else b"")

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Room:
    """A room with the widget of a site, in an app that may show it, and in another."""

    site: Site
    server: Homeserver
    app: App
    other: App
    root: str = ""
    tokens: list[str] = field(default_factory=list)

    def open(
        self, page: playwright.Page, host: str = "127.0.0.1", url: str = ""
    ) -> playwright.FrameLocator:
        """Open the app at a host of this machine, with the pages of the server at `url`."""
        token = f"token-{secrets.token_hex(8)}"
        self.tokens.append(token)
        self.server.tokens[token] = USER
        src = f"{self.root}widget/sign-in/matrix?widgetId={WIDGET}"
        self.app.show(f"{url or self.site.url}{src}", token)
        self.other.page = self.app.page
        page.goto(self.app.at(host))
        return page.frame_locator("iframe")


@pytest.fixture(scope="module")
def room(site: Site) -> Iterator[Room]:
    with homeserver.serve() as server, app() as allowed, app() as other:
        origins = [allowed.at("127.0.0.1"), allowed.at("localhost")]
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.functional.widget_site",
                server.url,
                *origins,
            ],
            env=environment(site.home, **PRIVATE),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        root = json.loads(result.stdout.splitlines()[-1])["root"]
        yield Room(site, server, allowed, other, root)


def test_a_member_signs_in_in_the_frame_of_a_room(room: Room, visit: Any) -> None:
    user = visit()
    page: playwright.Page = user.page
    frame = room.open(page)
    status = frame.get_by_role("status")
    asking = status.filter(has_text="Your app asks whether")
    playwright.expect(asking).to_be_visible()
    page.get_by_role("button", name="Refuse").click()
    blocked = status.filter(has_text="Your app did not identify you")
    playwright.expect(blocked).to_be_visible()
    frame.get_by_role("button", name="Sign in").click()
    playwright.expect(asking).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    playwright.expect(frame.get_by_role("heading", name="李雷雷")).to_be_visible()
    playwright.expect(frame.get_by_text(BALANCE).first).to_be_visible()
    playwright.expect(frame.get_by_text("signed in through Matrix")).to_be_visible()
    replies = page.evaluate("window.replies.map((each) => each.response)")
    assert {"capabilities": []} in replies
    # The other pages open in the frame as well, and no address has the token.
    frame.get_by_role("link", name="Privacy").click()
    playwright.expect(frame.get_by_role("heading", name="Privacy")).to_be_visible()
    inner = page.frames[1]
    assert inner.url == f"{room.site.url}{room.root}widget/privacy"
    assert room.tokens[-1] not in inner.content() + inner.evaluate("document.referrer")
    # In the browser itself nobody is signed in.
    page.goto(f"{room.root}me")
    playwright.expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    playwright.expect(page.get_by_text(BALANCE)).to_have_count(0)


def test_a_frame_of_another_site_hands_over_to_a_tab(room: Room, visit: Any) -> None:
    """Browsers keep no cookie there without HTTPS."""
    page: playwright.Page = visit(phone=True).page
    frame = room.open(page, "localhost")
    playwright.expect(frame.get_by_text("Your app asks whether")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    sentence = frame.get_by_text("Your app does not let pages in rooms remember you.")
    playwright.expect(sentence).to_be_visible()
    button = frame.get_by_role("button", name="Open my page")
    with page.expect_popup() as opened:
        button.click()
    tab = opened.value
    playwright.expect(tab.get_by_role("heading", name="李雷雷")).to_be_visible()
    playwright.expect(tab.get_by_text(BALANCE).first).to_be_visible()
    assert tab.url == f"{room.site.url}{room.root}me"
    # It works once.
    with page.expect_popup() as again:
        button.click()
    refusal = again.value.get_by_text("You could not be signed in this way.")
    playwright.expect(refusal).to_be_visible()


def test_with_https_the_frame_of_another_site_has_a_cookie_of_its_own(
    room: Room, visit: Any
) -> None:
    """Behind a proxy; browsers take this machine for as safe as HTTPS."""
    env = {"QUNCE_HTTPS": "1", "QUNCE_TRUSTED_PROXIES": "1", **PRIVATE}
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    user = visit(extra_http_headers=proxied, service_workers="block")
    page: playwright.Page = user.page
    with server_process.serving(room.site.home, "web", **env) as server:
        server.wait_for_response()
        frame = room.open(page, "localhost", server.url)
        playwright.expect(frame.get_by_text("Your app asks whether")).to_be_visible()
        page.get_by_role("button", name="Allow").click()
        playwright.expect(frame.get_by_text(BALANCE).first).to_be_visible()
        # It is that of this app alone: in a frame of another site there is none.
        cookies = {each["name"]: each for each in page.context.cookies()}
        assert cookies["qunce_widget"]["partitionKey"] == "http://localhost"
        assert cookies["qunce_widget"]["path"] == f"{room.root}widget/"
        page.goto(f"{server.url}{room.root}widget/me")
        playwright.expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        playwright.expect(page.get_by_text(BALANCE)).to_have_count(0)


def test_no_other_app_and_no_other_page_can_be_framed(room: Room, visit: Any) -> None:
    user = visit()
    page: playwright.Page = user.page
    form = page.frame_locator("iframe").locator("#widget")
    room.open(page)
    playwright.expect(form).to_be_visible()
    for address, path in (
        (room.other.at("127.0.0.1"), ""),
        (room.app.at("127.0.0.1"), f"{room.root}sign-in/matrix"),
        (room.app.at("127.0.0.1"), f"{room.root}me"),
    ):
        if path:
            room.app.show(f"{room.site.url}{path}", "none")
        with page.expect_console_message(lambda each: "frame-ancestors" in each.text):
            page.goto(address)
        playwright.expect(page.get_by_role("button", name="Allow")).to_be_visible()
        playwright.expect(form).to_have_count(0)
        playwright.expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
    # What the browser has refused was no fault of the pages.
    user.faults.clear()


def test_outside_of_a_room_the_page_says_where_it_signs_in(
    room: Room, visit: Any
) -> None:
    user = visit(phone=True)
    user.go(f"{room.root}widget/sign-in/matrix")
    page: playwright.Page = user.page
    sentence = page.get_by_text("You can sign in here only from the widget of a room.")
    playwright.expect(sentence).to_be_visible()
    assert user.accessibility_faults() == []
    page.get_by_role("link", name="Sign in with six digits").click()
    button = page.get_by_role("button", name="Show six digits")
    playwright.expect(button).to_be_visible()
