"""What a decision may look at: facts about one member or group, and rules that hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts


class InvalidFactMatch(errors.Invalid):
    """A fact to look for has a kind, and values of fields of its payload."""


@dataclass(frozen=True)
class Event:
    """A fact about the member or group of a run."""

    kind: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True)
class FactMatch:
    """A kind of fact whose payload has these values, compared as texts."""

    kind: str
    where: tuple[tuple[str, str], ...] = ()

    def matches(self, kind: str, payload: Mapping[str, Any]) -> bool:
        return kind == self.kind and all(
            str(payload.get(name)) == value for name, value in self.where
        )

    def to_json(self) -> dict[str, Any]:
        where = {"where": dict(self.where)} if self.where else {}
        return {"fact": self.kind, **where}

    def phrase(self) -> str:
        label = facts.label_of(self.kind)
        if not self.where:
            return f"“{label}”"
        fields = ", ".join(
            f"{facts.field_label(self.kind, name)} = {value}"
            for name, value in self.where
        )
        return f"“{label}” ({fields})"


def parse_match(value: Any) -> FactMatch:
    """The match of its JSON form `{"fact": kind, "where": {…}}`."""
    if not isinstance(value, Mapping) or set(value) - {"fact", "where"}:
        raise InvalidFactMatch(_("Choose an event."))
    kind, where = value.get("fact"), value.get("where") or {}
    if not isinstance(kind, str) or not facts.KIND_PATTERN.fullmatch(kind):
        raise InvalidFactMatch(_("Choose an event."))
    if not isinstance(where, Mapping):
        raise InvalidFactMatch(_("Choose an event."))
    return FactMatch(kind, tuple(sorted((str(k), str(v)) for k, v in where.items())))


@dataclass(frozen=True)
class History:
    """Facts in the order in which they happened, and whether a rule holds now."""

    events: Sequence[Event] = ()
    holds: Callable[[Any], bool] = lambda rule: True

    def first(
        self,
        match: FactMatch,
        *,
        after: datetime,
        until: datetime,
    ) -> Event | None:
        """The first matching fact with `after` < time ≤ `until`."""
        for event in self.events:
            if after < event.at <= until and match.matches(event.kind, event.payload):
                return event
        return None
