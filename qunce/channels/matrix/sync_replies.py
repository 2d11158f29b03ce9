"""The form of what a sync answers, checked before anything is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qunce.channels.matrix.client import ReplyLost

SECTIONS = {
    "invite": ("invite_state",),
    "join": ("state", "timeline"),
    "leave": ("state", "timeline"),
}
"""The lists of events that a room has in each part of the answer."""


def check(reply: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The rooms of the answer, with their events that are objects.

    Raises ReplyLost if it is no answer of a homeserver, such as one of a proxy.
    """
    if not isinstance(reply.get("next_batch"), str) or not reply["next_batch"]:
        raise ReplyLost("the reply of the sync has no next_batch")
    rooms = _mapping(reply.get("rooms"))
    return {
        part: {
            str(room): _section(section, lists)
            for room, section in _mapping(rooms.get(part)).items()
        }
        for part, lists in SECTIONS.items()
    }


def _section(value: Any, lists: tuple[str, ...]) -> dict[str, Any]:
    section = dict(_mapping(value))
    for name in lists:
        part = dict(_mapping(section.get(name)))
        part["events"] = list_events(part.get("events"))
        section[name] = part
    return section


def list_events(value: Any) -> list[Mapping[str, Any]]:
    """What of a list can be events; one that is none must not block the others."""
    return [
        raw
        for raw in (value if isinstance(value, list) else ())
        if isinstance(raw, Mapping)
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ReplyLost("the reply of the sync has another form")
    return value
