"""A channel in a process of its own that records all it receives.

What arrived is known whatever happens to the sender. Run it as
`python -m tests.faults.sends.channel SOCKET FILE yes|no FAULT`; the third word says whether
a message with a known key is delivered once only. `RecordingChannel` is the sender's side.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import socketserver
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from qunce.channels import channel_contract

EVERY = 40
"""A fault happens at the first attempt of every such message."""
SECONDS_TO_HANG = 2.0
TIMEOUT_SECONDS = 0.5
FAULTS = ("none", "busy", "error", "reply-lost", "hanging")


def serve(address: str, file: Path, *, idempotent: bool, fault: str) -> None:
    """Write a line for each message: its recipient and text, unless it was repeated."""
    known: set[str] = set()
    tried: set[str] = set()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                key, to, text = json.loads(line)
                is_faulty = int(key) % EVERY == 0 and key not in tried
                tried.add(key)
                if is_faulty and fault in ("busy", "error"):
                    self.reply(fault)
                    continue
                if not (idempotent and key in known):
                    with file.open("a") as record:
                        record.write(json.dumps([to, text]) + "\n")
                known.add(key)
                if is_faulty and fault == "reply-lost":
                    return
                if is_faulty and fault == "hanging":
                    time.sleep(SECONDS_TO_HANG)
                self.reply("delivered")

        def reply(self, word: str) -> None:
            self.wfile.write(f"{word}\n".encode())
            self.wfile.flush()

    server = socketserver.ThreadingUnixStreamServer(address, Handler)
    # A sender that is gone by now does not hear of it.
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    server.daemon_threads = True
    print("ready", flush=True)
    server.serve_forever()


@dataclass
class RecordingChannel:
    """Sends one message after the other, as clients of platforms do.

    The process dies before its batch number `dies_before` is sent, or after `dies_after`.
    """

    address: str
    capabilities: channel_contract.Capabilities
    dies_before: int = -1
    dies_after: int = -1
    name: str = "fake"
    label: str = "recorded"
    batches: int = 0

    def send(
        self, messages: Sequence[channel_contract.Message], *, at: datetime
    ) -> list[channel_contract.Outcome]:
        if self.batches == self.dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        outcomes = []
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(self._connected())
            for message in messages:
                line = json.dumps([message.key, message.to, message.text])
                try:
                    stream.write(line + "\n")
                    stream.flush()
                    reply = stream.readline().strip()
                except OSError:
                    reply = ""
                outcomes.append(_outcome(reply))
                if not reply:
                    stream = stack.enter_context(self._connected())
        if self.batches == self.dies_after:
            os.kill(os.getpid(), signal.SIGKILL)
        self.batches += 1
        return outcomes

    def call(self, cells: Sequence[str]) -> channel_contract.Outcome:
        """One call on a connection of its own."""
        with self._connected() as stream:
            try:
                stream.write(json.dumps(cells) + "\n")
                stream.flush()
                reply = stream.readline().strip()
            except OSError:
                reply = ""
        return _outcome(reply)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[TextIO]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.connect(self.address)
            yield connection.makefile("rw")


def _outcome(reply: str) -> channel_contract.Outcome:
    """429 with its time to wait, any error of the platform, or no answer at all."""
    from qunce.channels import channel_contract, testing

    match reply:
        case "delivered":
            return testing.DELIVERED
        case "busy":
            wait = timedelta(minutes=2)
            return channel_contract.failed("busy", retry_after=wait)
        case "error":
            wait = timedelta(minutes=1)
            return channel_contract.failed("error", retry_after=wait)
        case _:
            return channel_contract.unknown("no_reply")


if __name__ == "__main__":
    serve(
        sys.argv[1],
        Path(sys.argv[2]),
        idempotent=sys.argv[3] == "yes",
        fault=sys.argv[4],
    )
