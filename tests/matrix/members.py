"""Members and spammers of rooms, each a client of matrix-nio in another process.

    with members.driver(server) as people:
        ann, bob = people.register("ann", "bob")
        room = ann.create_room(name="Tea")
        bob.join(room)
        bob.say(room, "hello")

`say_all` and `together` let many of them act at the same moment.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests import synapse, synapse_environment
from tests.server_process import NO_CERTIFICATES
from tests.synapse import Synapse, User

SCRIPT = Path(__file__).with_name("nio_driver.py")
SECONDS = 600


class RefusedError(Exception):
    """The server refused what a member did."""


@dataclass
class People:
    """The process that drives them; `register` returns members of the server."""

    server: Synapse
    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            reply = json.loads(line)
            future = self._waiting.pop(reply["id"])
            if "error" in reply:
                future.set_exception(RefusedError(reply["error"]))
            else:
                future.set_result(reply["result"])

    def start(self, member: str, verb: str, **arguments: Any) -> Future[Any]:
        """Begin something; the result of the future is that of the verb."""
        number: int = next(self._ids)
        future = self._waiting[number] = Future()
        request = {
            "id": number,
            "member": member,
            "verb": verb,
            "arguments": arguments,
        }
        with self._lock:
            stdin = self.process.stdin
            assert stdin is not None
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
        return future

    def register(self, *names: str) -> list[Member]:
        members = [Member(self, self.server.register(name)) for name in names]
        for each in members:
            user = each.user
            each.do("log_in", url=self.server.url, token=user.token, device=user.device)
        return members


@dataclass(frozen=True)
class Member:
    people: People
    user: User

    @property
    def id(self) -> str:
        return self.user.id

    def do(self, verb: str, **arguments: Any) -> Any:
        return self.start(verb, **arguments).result(SECONDS)

    def start(self, verb: str, **arguments: Any) -> Future[Any]:
        return self.people.start(self.id, verb, **arguments)

    def create_room(
        self, *, is_public: bool = True, invite: Sequence[str] = (), **fields: Any
    ) -> str:
        created: str = self.do(
            "create_room", is_public=is_public, invite=list(invite), **fields
        )
        return created

    def join(self, room: str) -> None:
        self.do("join", room=room)

    def leave(self, room: str) -> None:
        self.do("leave", room=room)

    def invite(self, room: str, user: str) -> None:
        self.do("invite", room=room, user=user)

    def kick(self, room: str, user: str, reason: str = "") -> None:
        self.do("kick", room=room, user=user, reason=reason)

    def rename(self, name: str) -> None:
        self.do("rename", name=name)

    def say(self, room: str, text: str, **content: Any) -> str:
        """Write a message; returns the id of its event."""
        sent: str = self.start_say(room, text, **content).result(SECONDS)
        return sent

    def start_say(self, room: str, text: str, **content: Any) -> Future[Any]:
        message = {"msgtype": "m.text", "body": text, **content}
        return self.start("send", room=room, content=message)

    def edit(self, room: str, event: str, text: str) -> str:
        """Replace the text of a message; returns the id of the edit."""
        return self.say(
            room,
            f"* {text}",
            **{
                "m.new_content": {"msgtype": "m.text", "body": text},
                "m.relates_to": {"rel_type": "m.replace", "event_id": event},
            },
        )

    def give_levels(self, room: str, **levels: int) -> None:
        """Give these users, by their names, a power level; null takes it away."""
        content = self.get_state(room, "m.room.power_levels")
        users = {f"@{name}:{synapse.NAME}": level for name, level in levels.items()}
        content["users"] = content.get("users", {}) | users
        self.put_state(room, "m.room.power_levels", content)

    def put_state(self, room: str, kind: str, content: dict[str, Any]) -> None:
        self.do("put_state", room=room, kind=kind, content=content)

    def get_state(self, room: str, kind: str) -> dict[str, Any]:
        content: dict[str, Any] = self.do("get_state", room=room, kind=kind)
        return content

    def read(self, room: str) -> list[dict[str, Any]]:
        """The events of a room as this client sees them, the oldest first."""
        events: list[dict[str, Any]] = self.do("read", room=room)
        return events

    def texts(self, room: str, *, by: str = "") -> list[str]:
        """The texts of a room that can be read, the oldest first."""
        return [
            event["content"]["body"]
            for event in self.read(room)
            if event["type"] == "m.room.message"
            and "body" in event["content"]
            and by in ("", event["sender"])
        ]

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | bytes,
        media_type: str = "application/json",
    ) -> dict[str, Any]:
        """What the server answers to a call that nio has no function for."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = httpx.request(
            method,
            f"{self.people.server.url}/_matrix{path}",
            content=content,
            headers={
                "Authorization": f"Bearer {self.user.token}",
                "Content-Type": media_type,
            },
            timeout=SECONDS,
            verify=NO_CERTIFICATES,
        )
        if reply.is_error:
            raise RefusedError(reply.text)
        answer: dict[str, Any] = reply.json()
        return answer

    def report(self, room: str, event: str, reason: str) -> None:
        path = f"/client/v3/rooms/{quote(room)}/report/{quote(event)}"
        self.call("POST", path, {"reason": reason})

    def knock(self, room: str, reason: str) -> None:
        self.call("POST", f"/client/v3/knock/{quote(room)}", {"reason": reason})

    def show(self, room: str, picture: bytes, **content: Any) -> str:
        """Upload a picture and send it; returns the id of its event."""
        url = self.call("POST", "/media/v3/upload", picture, "image/png")["content_uri"]
        message = {"msgtype": "m.image", "body": "picture.png", "url": url, **content}
        sent: str = self.do("send", room=room, content=message)
        return sent

    def list_invites(self) -> list[str]:
        invites: list[str] = self.do("list_invites")
        return invites


@contextlib.contextmanager
def driver(server: Synapse) -> Iterator[People]:
    command = [str(synapse_environment.python()), str(SCRIPT)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield People(server, process)
        finally:
            process.kill()
