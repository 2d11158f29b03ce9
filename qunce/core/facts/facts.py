"""The fact log: what happened, in the past tense, never changed.

A kind of fact is a dataclass that is declared where it is caused:

    @facts.declare
    @dataclass(frozen=True, kw_only=True)
    class OrderPaid(facts.Event):
        kind = "order.paid"
        amount: int

`account` and `group` become columns, every further field goes into the payload.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import db, errors, timestamps
from qunce.core.facts import audit, interned_names

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

KIND = re.compile(r"[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}")


class Fact(models.Model):
    """One row of the log. Integers without foreign keys: a tenth of the write cost.

    On PostgreSQL the table also carries `xid`, the writing transaction's id (see
    `sets.tail`); `key` is what the source calls this fact, taken once per source.
    """

    community_id = models.IntegerField()
    kind_id = models.IntegerField()
    account_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)
    happened_at = timestamps.TimestampField()
    recorded_at = timestamps.TimestampField()
    actor_id = models.IntegerField(null=True)
    source_id = models.IntegerField(null=True)
    payload = models.TextField(null=True)  # noqa: DJ001 - null is "nothing more to say"
    key = models.TextField(null=True)  # noqa: DJ001 - our own verbs' facts have none

    def __str__(self) -> str:
        return f"fact {self.pk}"


class FactKey(models.Model):
    """SQLite only: a narrow index of 64-bit hashes of (source, key).

    A wide random index makes each batch rewrite a page a row; this one is 16 bytes.
    """

    hash = models.BigIntegerField(primary_key=True)
    fact_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.hash)


class FactKeyOverflow(models.Model):
    """SQLite only: keys whose hash belongs to another key."""

    source_id = models.IntegerField()
    key = models.TextField()
    fact_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "key"], name="one_fact_an_overflowed_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class InvalidFact(errors.Invalid):
    """A fact's kind is not written as noun.verb."""


@dataclass(frozen=True, kw_only=True)
class FactKind:
    """Base of all declared kinds."""

    kind: ClassVar[str]
    label: ClassVar[StrOrPromise] = ""
    reportable: ClassVar[bool] = False
    """Whether programs may tell it too; else it is caused by our own verbs alone."""
    account: int | None = None
    group: int | None = None

    def payload(self) -> str | None:
        rest = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("account", "group")
        }
        return dump(rest)


@dataclass(frozen=True, kw_only=True)
class RecordedFact:
    """A fact as it is read back: `actor` is a staff id, `source` an interned name's."""

    id: int
    community: int
    kind: str
    account: int | None
    group: int | None
    happened_at: datetime
    recorded_at: datetime
    actor: int | None
    source: int | None
    payload: dict[str, Any]

    @classmethod
    def from_row(
        cls, row: Sequence[Any], *, community: int, kinds: Mapping[int, str]
    ) -> RecordedFact:
        """`row` is (id, kind, account, group, happened, recorded, actor, source, payload)."""
        id_, kind, account, group, happened, recorded, actor, source, payload = row
        return cls(
            id=id_,
            community=community,
            kind=kinds[kind],
            account=account,
            group=group,
            happened_at=timestamps.from_micros(happened),
            recorded_at=timestamps.from_micros(recorded),
            actor=actor,
            source=source,
            payload=load(payload),
        )


def label_of(kind: str) -> str:
    """A kind in the reader's words, where its room has given any."""
    event = _declared.get(kind)
    return str(event.label) if event and event.label else kind


_declared: dict[str, type[FactKind]] = {}
EventType = TypeVar("EventType", bound=FactKind)


def declare(event: type[EventType]) -> type[EventType]:
    _declared[event.kind] = event
    return event


def declared() -> dict[str, type[FactKind]]:
    return dict(_declared)


ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
)
"""Made once: `json.dumps` would make one a fact, which takes longer than encoding."""


def dump(payload: dict[str, Any] | None) -> str | None:
    """Compact JSON with sorted keys; nothing for an empty payload."""
    if not payload:
        return None
    return ENCODER.encode(payload)


def load(payload: str | None) -> dict[str, Any]:
    return json.loads(payload) if payload else {}


def check_kind(kind: str) -> None:
    if not KIND.fullmatch(kind):
        raise InvalidFact(
            _("“%(kind)s” is not a kind of fact: write noun.verb, like order.paid.")
            % {"kind": kind}
        )


def kind_ids(kinds: Iterable[str]) -> dict[str, int]:
    """Small integers of kinds, made where missing; a badly written one is refused."""
    wanted = set(kinds)
    for kind in wanted:
        check_kind(kind)
    return interned_names.ensure("kind", 0, wanted)


def find_kind(kind: str) -> int | None:
    """The id of a kind; 0 for one that is declared but never happened, None if unknown."""
    return interned_names.find("kind", 0, kind) or (0 if kind in _declared else None)


def record(
    *events: FactKind, community: Community, by: Staff | None, at: datetime
) -> None:
    """Record what our own verbs did, now; call it inside the verb's transaction."""
    record_many(events, community=community, by=by, at=at)


def record_many(
    events: Sequence[FactKind],
    *,
    community: Community,
    by: Staff | None,
    at: datetime,
    happened: Sequence[datetime] | None = None,
) -> None:
    """`happened` gives each event's own time where it lies before `at`."""
    ids = kind_ids({event.kind for event in events})
    times = happened if happened is not None else [at] * len(events)
    recorded, actor = timestamps.to_micros(at), by.pk if by else None
    rows = [
        (
            community.pk,
            ids[event.kind],
            event.account,
            event.group,
            timestamps.to_micros(time),
            recorded,
            actor,
            event.payload(),
        )
        for event, time in zip(events, times, strict=True)
    ]
    db.insert(INSERT_FACTS, rows)
    if by is not None:
        _audit(events, ids, community=community, by=by, at=at)


def _audit(
    events: Sequence[FactKind],
    ids: dict[str, int],
    *,
    community: Community,
    by: Staff,
    at: datetime,
) -> None:
    """One act a kind, with what its events have in common."""
    for kind, kind_id in ids.items():
        alike = [event for event in events if event.kind == kind]
        accounts = {event.account for event in alike}
        groups = {event.group for event in alike}
        audit.insert(
            community_id=community.pk,
            actor_id=by.pk,
            kind_id=kind_id,
            account_id=accounts.pop() if len(accounts) == 1 else None,
            group_id=groups.pop() if len(groups) == 1 else None,
            count=len(alike),
            at=at,
            detail=_common(alike),
        )


def _common(events: Sequence[FactKind]) -> dict[str, Any]:
    first, last = events[0], events[-1]
    shared = {
        field.name: getattr(first, field.name)
        for field in dataclasses.fields(first)
        if field.name not in ("account", "group")
        and getattr(first, field.name) == getattr(last, field.name)
    }
    return {
        name: value
        for name, value in shared.items()
        if all(getattr(event, name) == value for event in events)
    }


INSERT_FACTS = """
INSERT INTO core_fact (community_id, kind_id, account_id, group_id, happened_at,
    recorded_at, actor_id, payload) VALUES
"""


def record_for_accounts(
    event: FactKind,
    accounts: Iterable[int],
    *,
    community: Community,
    by: Staff | None,
    at: datetime,
    happened: Iterable[datetime] | None = None,
) -> None:
    """Record the same event for many accounts, at a tenth of `record_many`'s cost."""
    kind, recorded = kind_ids([event.kind])[event.kind], timestamps.to_micros(at)
    moments: Iterable[int] = itertools.repeat(recorded)
    if happened is not None:
        moments = map(timestamps.to_micros, happened)
    actor, payload = by.pk if by else None, event.payload()
    head, tail = (community.pk, kind), (recorded, actor, payload)
    pairs = zip(accounts, moments, strict=False)
    rows = [(*head, account, event.group, moment, *tail) for account, moment in pairs]
    db.insert(INSERT_FACTS, rows)
    if by is not None and rows:
        audit.insert(
            community_id=community.pk,
            actor_id=actor,
            kind_id=kind,
            account_id=rows[0][2] if len(rows) == 1 else None,
            group_id=event.group,
            count=len(rows),
            at=at,
            detail=_common([event]),
        )
