"""A console whose clock a test sets, with a channel that records what it is sent.

A module of it, such as `working_week`, calls `serve` in a process of its own, which prints
a line of JSON with its address and the sessions of staff. Then it answers each line of
JSON with another: it does what the line asks for, and background work as of `at`. The
answer has the messages that arrived.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.cli.runner import environment

if TYPE_CHECKING:
    from qunce.channels.testing import FakeChannel
    from qunce.core.staff.models import Staff

ROOT = Path(__file__).parents[2]
Messages = list[dict[str, Any]]


@dataclass
class Site:
    """The process as a test sees it; `sessions` are Playwright's states by login."""

    process: subprocess.Popen[str]
    url: str = ""
    sessions: dict[str, Any] = field(default_factory=dict)

    def work(self, at: datetime, **asked: Any) -> Messages:
        """Set the clock and do all background work; returns the messages that arrived."""
        assert self.process.stdin is not None
        command = {"at": at.isoformat(), **asked}
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        arrived: Messages = self.read()
        return arrived

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the site has ended, see its log"
        return json.loads(line)


@contextmanager
def running(home: Path, module: str) -> Iterator[Site]:
    """Run the site of a module in a migrated home."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment(home),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            with process:
                site = Site(process)
                started = site.read()
                site.url = started["url"]
                site.sessions = storage_states(started["sessions"])
                yield site
                # It ends when there is nothing more to read.
        finally:
            log.seek(0)
            print(log.read())


def storage_states(session_keys: dict[str, str]) -> dict[str, Any]:
    """Playwright's states by login, in which each of them is signed in."""
    cookie = {
        "name": "qunce_session",
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    return {
        login: {"cookies": [{**cookie, "value": key}], "origins": []}
        for login, key in session_keys.items()
    }


@dataclass
class Clock:
    at: datetime

    def __call__(self) -> datetime:
        return self.at


def start_django() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    django.setup()


def serve(
    *,
    start: datetime,
    channel: FakeChannel,
    build: Callable[[], Sequence[Staff]],
    do: Callable[[dict[str, Any], datetime], None],
) -> None:
    """Build at `start`, sign the staff in that it returns, and answer commands."""
    # The log of requests goes to the other stream.
    answers, sys.stdout = sys.stdout, sys.stderr
    from django.test import override_settings

    from qunce.channels import channel_contract
    from qunce.cli import static_files, worker_loop
    from qunce.console import http
    from qunce.core import data_dir
    from tests import clients

    data_dir.ready()
    static_files.collect()
    clock = Clock(start)
    channel_contract.register(channel)
    staff = build()

    def work(at: datetime) -> Messages:
        clock.at = at
        worker_loop.run_once(clock=clock, is_stopping=lambda: False)
        arrived, channel.delivered = channel.delivered, []
        return [
            {
                "to": message.to,
                "text": message.text,
                "links": [attachment.url for attachment in message.attachments],
            }
            for message in arrived
        ]

    work(start)
    url = _listen()
    sessions = {row.login: clients.session_key(row) for row in staff}
    with mock.patch.object(http, "now", clock), override_settings(PUBLIC_URL=url):
        print(json.dumps({"url": url, "sessions": sessions}), file=answers, flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            at = datetime.fromisoformat(command.pop("at"))
            do(command, at)
            print(json.dumps(work(at)), file=answers, flush=True)


def _listen() -> str:
    """Answer requests in threads of this process; returns the address."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
