"""Members of rooms, driven by matrix-nio: a client that is not ours.

It runs in the environment of Synapse. Each line of its input is a request in JSON,
`{"id", "member", "verb", "arguments"}`; each line of its output is `{"id", "result"}` or
`{"id", "error"}`. Requests run at the same time.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from nio import (  # type: ignore[import-not-found, unused-ignore]
    AsyncClient,
    AsyncClientConfig,
    RoomVisibility,
)

CONFIGURATION = AsyncClientConfig(max_limit_exceeded=None, max_timeouts=40)


class Driver:
    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 26)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        tasks = set()
        while line := await reader.readline():
            task = asyncio.create_task(self.answer(json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        for client in self.clients.values():
            await client.close()

    async def answer(self, request: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"id": request["id"]}
        try:
            verb = getattr(self, request["verb"])
            reply["result"] = await verb(request["member"], **request["arguments"])
        except Exception as error:
            reply["error"] = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()

    async def log_in(self, member: str, url: str, token: str, device: str) -> None:
        client = AsyncClient(url, member, config=CONFIGURATION)
        client.access_token, client.user_id, client.device_id = token, member, device
        self.clients[member] = client

    async def create_room(self, member: str, **fields: Any) -> str:
        if fields.pop("is_public", False):
            fields["visibility"] = RoomVisibility.public
            fields["initial_state"] = [
                {"type": "m.room.join_rules", "content": {"join_rule": "public"}},
                *fields.get("initial_state", []),
            ]
        reply = await self.clients[member].room_create(**fields)
        return str(_checked(reply).room_id)

    async def join(self, member: str, room: str) -> str:
        return str(_checked(await self.clients[member].join(room)).room_id)

    async def leave(self, member: str, room: str) -> None:
        _checked(await self.clients[member].room_leave(room))

    async def invite(self, member: str, room: str, user: str) -> None:
        _checked(await self.clients[member].room_invite(room, user))

    async def kick(self, member: str, room: str, user: str, reason: str = "") -> None:
        _checked(await self.clients[member].room_kick(room, user, reason or None))

    async def rename(self, member: str, name: str) -> None:
        _checked(await self.clients[member].set_displayname(name))

    async def send(self, member: str, room: str, content: dict[str, Any]) -> str:
        reply = await self.clients[member].room_send(room, "m.room.message", content)
        return str(_checked(reply).event_id)

    async def put_state(
        self, member: str, room: str, kind: str, content: dict[str, Any]
    ) -> None:
        _checked(await self.clients[member].room_put_state(room, kind, content))

    async def get_state(self, member: str, room: str, kind: str) -> Any:
        return _checked(
            await self.clients[member].room_get_state_event(room, kind)
        ).content

    async def redact(self, member: str, room: str, event: str) -> None:
        _checked(await self.clients[member].room_redact(room, event))

    async def read(self, member: str, room: str, limit: int = 500) -> list[Any]:
        """The raw events of a room, the oldest first."""
        reply = _checked(await self.clients[member].room_messages(room, limit=limit))
        return [event.source for event in reversed(reply.chunk)]

    async def list_invites(self, member: str) -> list[str]:
        reply = _checked(await self.clients[member].sync(timeout=0, full_state=True))
        return sorted(reply.rooms.invite)

    async def list_rooms(self, member: str) -> list[str]:
        return list(_checked(await self.clients[member].joined_rooms()).rooms)


def _checked(reply: Any) -> Any:
    if type(reply).__name__.endswith("Error"):
        raise RuntimeError(f"{getattr(reply, 'status_code', '')} {reply}")
    return reply


if __name__ == "__main__":
    asyncio.run(Driver().run())
