"""What a template would change in a group, field by field. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    SAME = "same"
    CHANGE = "change"
    CONFLICT = "conflict"
    PINNED = "pinned"
    """The group keeps its own value, which is another one."""


class Cause(StrEnum):
    """Why a group that follows a template has another value than its newest version."""

    NONE = ""
    TEMPLATE = "template"
    GROUP = "group"
    BOTH = "both"


@dataclass(frozen=True)
class Difference:
    """`field` is the part and the field, such as "card.rhythm".

    `reason` says why a conflict cannot be applied.
    """

    field: str
    now: Any
    then: Any
    status: Status
    cause: Cause = Cause.NONE
    reason: str = ""


def compare(
    *,
    wanted: Mapping[str, Any],
    now: Mapping[str, Any],
    followed: Mapping[str, Any] | None = None,
    pinned: Collection[str] = (),
    conflict: Callable[[str, Any], str] = lambda _field, _value: "",
) -> list[Difference]:
    """Compare a group with a template, both by field.

    `followed` is the version that the group was given, or None if it follows no version
    of this template. `conflict` is asked for fields that would change.
    """
    found = []
    for field, then in wanted.items():
        value = now.get(field)
        if value == then:
            found.append(Difference(field, value, then, Status.SAME))
            continue
        cause = _cause(field, value, then, followed)
        if field in pinned:
            found.append(Difference(field, value, then, Status.PINNED, cause))
            continue
        reason = conflict(field, then)
        status = Status.CONFLICT if reason else Status.CHANGE
        found.append(Difference(field, value, then, status, cause, reason))
    return found


def _cause(
    field: str, value: Any, then: Any, followed: Mapping[str, Any] | None
) -> Cause:
    if followed is None:
        return Cause.NONE
    is_old = field in followed and followed[field] == then
    # A field that the version did not have was not changed by anybody.
    if field not in followed or followed[field] == value:
        return Cause.TEMPLATE
    return Cause.GROUP if is_old else Cause.BOTH


def flatten(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of all parts of a template in one mapping."""
    return {
        f"{part}.{field}": value
        for part, fields in content.items()
        for field, value in fields.items()
    }


def split(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The reverse of `flatten`."""
    content: dict[str, dict[str, Any]] = {}
    for name, value in fields.items():
        part, _dot, field = name.partition(".")
        content.setdefault(part, {})[field] = value
    return content
