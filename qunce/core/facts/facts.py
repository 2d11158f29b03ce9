"""The fact log: past-tense records of what happened, which are never changed.

A kind of fact is a dataclass, declared in the module whose verbs record it:

    @facts.declare
    @dataclass(frozen=True, kw_only=True)
    class OrderPaid(facts.FactKind):
        kind = "order.paid"
        label = gettext_lazy("order paid")
        amount: int

`account` and `group` are columns, every other field is stored in the payload.
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

from qunce.core import column_inserts, db, errors, permissions, timestamps
from qunce.core.facts import audit, interned_names

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}")


class Fact(models.Model):
    """One row of the log. Ids are integers without foreign keys, a tenth of the write cost.

    On PostgreSQL the table also has `xid`, the id of the transaction that wrote the row
    (see `database_objects`). `key` is what the source calls this fact, unique per source.
    """

    community_id = models.IntegerField()
    kind_id = models.IntegerField()
    account_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)
    happened_at = timestamps.TimestampField()
    recorded_at = timestamps.TimestampField()
    actor_id = models.IntegerField(null=True)
    source_id = models.IntegerField(null=True)
    payload = models.TextField(null=True)  # noqa: DJ001 - null costs no bytes
    key = models.TextField(null=True)  # noqa: DJ001 - facts of our own verbs have none

    def __str__(self) -> str:
        return f"fact {self.pk}"


class FactKey(models.Model):
    """SQLite only: an index of 64-bit hashes of (source, key), 16 bytes per row.

    With an index of the keys themselves each batch would rewrite a page per row.
    """

    hash = models.BigIntegerField(primary_key=True)
    fact_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.hash)


class FactKeyOverflow(models.Model):
    """SQLite only: keys whose hash was already that of another key."""

    source_id = models.IntegerField()
    key = models.TextField()
    fact_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "key"], name="one_fact_per_overflowed_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class InvalidFact(errors.Invalid):
    """The kind of a fact is not written as noun.verb."""


@dataclass(frozen=True, kw_only=True)
class FactKind:
    """Base class of declared kinds; an instance is a fact that is not recorded yet.

    Files and programs may report facts of a `reportable` kind. All others are recorded by
    our own verbs only; a report of one either takes effect through its verb (see
    `fact_effects`) or is refused with the sentence `instead`.
    """

    kind: ClassVar[str]
    label: ClassVar[StrOrPromise] = ""
    reportable: ClassVar[bool] = False
    money: ClassVar[tuple[str, ...]] = ()
    """Fields that are amounts in the smallest unit of the field `currency`, or of the
    community's currency."""
    labels: ClassVar[Mapping[str, StrOrPromise]] = {}
    """Labels of fields of the payload, as in the sentence "a total *amount* of"."""
    instead: ClassVar[StrOrPromise] = ""
    account: int | None = None
    group: int | None = None

    def payload(self) -> str | None:
        return dump({name: getattr(self, name) for name in _payload_names(type(self))})


COLUMN_FIELDS = ("account", "group")


_names_by_kind: dict[type[FactKind], tuple[str, ...]] = {}


def _payload_names(kind: type[FactKind]) -> tuple[str, ...]:
    names = _names_by_kind.get(kind)
    if names is None:
        # Once per kind, as this takes longer than the JSON.
        fields = (field.name for field in dataclasses.fields(kind))
        names = tuple(name for name in fields if name not in COLUMN_FIELDS)
        _names_by_kind[kind] = names
    return names


AnyKind = TypeVar("AnyKind", bound=FactKind)

_declared: dict[str, type[FactKind]] = {}


def declare(kind: type[AnyKind]) -> type[AnyKind]:
    _declared[kind.kind] = kind
    return kind


def declared() -> dict[str, type[FactKind]]:
    return dict(_declared)


def label_of(kind: str) -> str:
    """The label of a kind in the current language, or the kind itself if it has none."""
    declared_kind = _declared.get(kind)
    return str(declared_kind.label) if declared_kind and declared_kind.label else kind


def list_fields(kind: str) -> list[str]:
    """The fields of the payload of a kind that only our own verbs record, else none."""
    declared_kind = _declared.get(kind)
    if declared_kind is None or declared_kind.reportable:
        return []
    names = (field.name for field in dataclasses.fields(declared_kind))
    return [name for name in names if name not in COLUMN_FIELDS]


def declares_field(kind: str, name: str) -> bool:
    """Whether facts of the kind that our own verbs record have the field."""
    declared_kind = _declared.get(kind)
    if declared_kind is None or name in COLUMN_FIELDS:
        return False
    return any(field.name == name for field in dataclasses.fields(declared_kind))


def list_number_fields(kind: str) -> list[str]:
    """The fields of `list_fields` that are numbers."""
    names = list_fields(kind)
    declared_kind = _declared[kind] if names else FactKind
    types = {field.name: field.type for field in dataclasses.fields(declared_kind)}
    return [name for name in names if types[name] == "int"]


def field_label(kind: str, name: str) -> str:
    """The label of a field in the current language, or its name if it has none."""
    declared_kind = _declared.get(kind)
    return str((declared_kind and declared_kind.labels.get(name)) or name)


def money_fields(kind: str) -> tuple[str, ...]:
    declared_kind = _declared.get(kind)
    return declared_kind.money if declared_kind else ()


@dataclass(frozen=True, kw_only=True)
class RecordedFact:
    """A fact read from the log. `actor` is a staff id, `source` the id of its name."""

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


ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
)
"""Created once. `json.dumps` creates one per call, which takes longer than encoding."""


def dump(payload: dict[str, Any] | None) -> str | None:
    """Compact JSON with sorted keys; None for an empty payload."""
    if not payload:
        return None
    return ENCODER.encode(payload)


def load(payload: str | None) -> dict[str, Any]:
    return json.loads(payload) if payload else {}


def check_kind(kind: str) -> None:
    if not KIND_PATTERN.fullmatch(kind):
        raise InvalidFact(
            _("“%(kind)s” is not a kind of fact: write noun.verb, like order.paid.")
            % {"kind": kind}
        )


def ensure_kinds(kinds: Iterable[str]) -> dict[str, int]:
    """The ids of kinds; ids of new kinds are created. Raises InvalidFact."""
    kinds = set(kinds)
    for kind in kinds:
        check_kind(kind)
    return interned_names.ensure("kind", 0, kinds)


def find_kind(kind: str) -> int | None:
    """The id of a kind; 0 if it is declared but has no fact yet, None if it is unknown."""
    return interned_names.find("kind", 0, kind) or (0 if kind in _declared else None)


COLUMNS = (
    "community_id kind_id account_id group_id happened_at recorded_at actor_id payload"
    " source_id"
).split()
INSERT = f"INSERT INTO core_fact ({', '.join(COLUMNS)}) VALUES"
MIN_COPIED = 100
"""With fewer facts, PostgreSQL is faster without COPY."""


def record(
    *facts: FactKind, community: Community, by: Staff | None, at: datetime
) -> None:
    """Record facts that happen now. Call it inside the transaction of the change."""
    record_many(facts, community=community, by=by, at=at)


def record_many(
    facts: Sequence[FactKind],
    *,
    community: Community,
    by: Staff | None,
    at: datetime,
    happened_at: Sequence[datetime] | None = None,
    source: int | None = None,
) -> None:
    """Record facts of any kinds; `happened_at` has the time of each, `at` by default.

    `source` is the id of the name of the program or shop that they come from.
    """
    permissions.check_community(by, community.pk)
    # Before the rows, so that an unknown kind fails without having written anything.
    ids = ensure_kinds({fact.kind for fact in facts})
    times = happened_at if happened_at is not None else [at] * len(facts)
    recorded, actor = timestamps.to_micros(at), by.pk if by else None
    rows = [
        (
            community.pk,
            ids[fact.kind],
            fact.account,
            fact.group,
            timestamps.to_micros(time),
            recorded,
            actor,
            fact.payload(),
            source,
        )
        for fact, time in zip(facts, times, strict=True)
    ]
    insert_rows(rows)
    # The audit log has one entry per kind, however many facts there are.
    if by is None:
        return
    for kind, kind_id in ids.items():
        # Few kinds per call, so passing over the facts once per kind is cheap.
        same_kind = [fact for fact in facts if fact.kind == kind]
        audit.insert(
            community_id=community.pk,
            by=by,
            kind_id=kind_id,
            account_id=_only_value({fact.account for fact in same_kind}),
            group_id=_only_value({fact.group for fact in same_kind}),
            count=len(same_kind),
            at=at,
            detail=common_fields(same_kind),
        )


def insert_rows(rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of COLUMNS, without checks and without an entry of the audit log."""
    if len(rows) < MIN_COPIED or not db.is_postgresql():
        db.insert(INSERT, rows)
        return
    columns = map(list, zip(*rows, strict=True))
    column_inserts.insert("core_fact", dict(zip(COLUMNS, columns, strict=True)), {})


def _only_value(values: set[int | None]) -> int | None:
    return values.pop() if len(values) == 1 else None


def record_for_accounts(
    fact: FactKind,
    accounts: Iterable[int],
    *,
    community: Community,
    by: Staff | None,
    at: datetime,
    happened_at: Iterable[datetime] | None = None,
) -> None:
    """Record the same fact for many accounts, at a tenth of the cost of `record_many`."""
    permissions.check_community(by, community.pk)
    kind, recorded = ensure_kinds([fact.kind])[fact.kind], timestamps.to_micros(at)
    times: Iterable[int] = itertools.repeat(recorded)
    if happened_at is not None:
        times = map(timestamps.to_micros, happened_at)
    actor, payload = by.pk if by else None, fact.payload()
    rows = [
        (community.pk, kind, account, fact.group, time, recorded, actor, payload, None)
        # Not strict, as `times` may repeat without an end.
        for account, time in zip(accounts, times, strict=False)
    ]
    insert_rows(rows)
    if by is not None and rows:
        audit.insert(
            community_id=community.pk,
            by=by,
            kind_id=kind,
            account_id=rows[0][2] if len(rows) == 1 else None,
            group_id=fact.group,
            count=len(rows),
            at=at,
            detail=common_fields([fact]),
        )


Occurrences = Sequence[tuple[FactKind, Sequence[tuple[int, int]]]]
"""Facts, each with the accounts it is about and when it happened, in microseconds."""


def record_occurrences(
    occurrences: Occurrences, *, community: Community, by: Staff, at: datetime
) -> None:
    """Record several facts, each for many accounts, with one insert for all of them."""
    permissions.check_community(by, community.pk)
    ids = ensure_kinds({fact.kind for fact, _pairs in occurrences})
    recorded, pk = timestamps.to_micros(at), community.pk
    rows = []
    for fact, pairs in occurrences:
        kind, payload = ids[fact.kind], fact.payload()
        rows += [
            (pk, kind, account, fact.group, time, recorded, by.pk, payload, None)
            for account, time in pairs
        ]
    insert_rows(rows)
    for kind_name, kind in ids.items():
        same_kind = [each for each in occurrences if each[0].kind == kind_name]
        accounts = [account for _fact, pairs in same_kind for account, _time in pairs]
        if accounts:
            audit.insert(
                community_id=community.pk,
                by=by,
                kind_id=kind,
                account_id=_only_value(set(accounts)),
                group_id=_only_value({fact.group for fact, _pairs in same_kind}),
                count=len(accounts),
                at=at,
                detail=common_fields([fact for fact, _pairs in same_kind]),
            )


def common_fields(facts: Sequence[FactKind]) -> dict[str, Any]:
    """The payload fields that have the same value in all of these facts of one kind."""
    first = facts[0]
    values = {name: getattr(first, name) for name in _payload_names(type(first))}
    return {
        name: value
        for name, value in values.items()
        if all(getattr(fact, name) == value for fact in facts)
    }
