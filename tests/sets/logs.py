"""A community with a log to derive, written as fast as a test wants it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qunce.core import communities, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount
from qunce.sets.doctor import doctor
from qunce.sets.mirror import mirror

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
KINDS = ("page.visited", "order.paid", "bell.rung")


@dataclass(frozen=True)
class Row:
    """`kind` is a place in KINDS; `hours` before AT it happened."""

    kind: int
    account: int | None
    hours: float = 0.0
    payload: str | None = None
    key: str | None = None


def made(key: str = "tea", timezone: str = "Asia/Shanghai") -> Community:
    return communities.create(key=key, timezone=timezone, at=AT)


def write(community: Community, rows: Iterable[Row]) -> None:
    ids = facts.ensure_kinds(KINDS)
    Fact.objects.bulk_create(
        [
            Fact(
                community_id=community.pk,
                kind_id=ids[KINDS[row.kind]],
                account_id=row.account,
                happened_at=AT - timedelta(hours=row.hours),
                recorded_at=AT,
                payload=row.payload,
                key=row.key,
            )
            for row in rows
        ],
        batch_size=1000,
    )


def some(number: int, *, seed: int = 1) -> list[Row]:
    """Rows of all kinds over ten days, none of them alike for long."""
    return [
        Row(
            n * seed % 3,
            n * 7 % 50 + 1,
            hours=n * 11 % 240,
            payload=f'{{"amount":{n}}}',
        )
        for n in range(number)
    ]


Counted = Counter[tuple[int, int, int, int]]


def counted(community: Community) -> Counted:
    """(kind, day, account) → times, from the stacks."""
    found: Counted = Counter()
    for row in DayCount.objects.filter(community_id=community.pk):
        stack = BitCounter.from_bytes(row.blob)
        for account in stack.nonzero():
            found[row.community_id, row.kind_id, row.day, account] = stack.get(account)
    return found


def recorded(community: Community) -> Counted:
    """The same, from the log and in the plainest way."""
    rows = Fact.objects.filter(community_id=community.pk, account_id__isnull=False)
    return Counter(
        (
            row.community_id,
            row.kind_id,
            community.day(row.happened_at),
            int(row.account_id or 0),
        )
        for row in rows
    )


def mirrored() -> list[int]:
    """Every id that the mirror holds, sorted; one held twice stands there twice."""
    return sorted(mirror.query("SELECT id FROM facts")["id"].to_pylist())


def ids() -> list[int]:
    return list(Fact.objects.order_by("pk").values_list("pk", flat=True))


def assert_sound(community: Community) -> None:
    assert counted(community) == recorded(community)
    assert mirrored() == ids()
    assert codes() == []


def codes(found: Sequence[doctor.Finding] | None = None) -> list[str]:
    found = doctor.run_checks() if found is None else found
    return sorted({each.code for each in found})


def micros(hours: float = 0) -> int:
    return timestamps.to_micros(AT - timedelta(hours=hours))
