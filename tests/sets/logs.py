"""Communities with facts in their log, and comparisons of derived data with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    """`kind` is an index of KINDS; the fact happened `hours` before AT."""

    kind: int
    account: int | None
    hours: float = 0.0
    payload: str | None = None
    key: str | None = None


def create_community(key: str = "tea", timezone: str = "Asia/Shanghai") -> Community:
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


def sample_rows(count: int, *, seed: int = 1) -> list[Row]:
    """Rows of all kinds and fifty accounts over ten days."""
    return [
        Row(
            n * seed % 3,
            n * 7 % 50 + 1,
            hours=n * 11 % 240,
            payload=f'{{"amount":{n}}}',
        )
        for n in range(count)
    ]


Counts = Counter[tuple[int, int, int, int]]


def stored_counts(community: Community) -> Counts:
    """(community, kind, day, account) → number of facts, from the day counts."""
    counts: Counts = Counter()
    for row in DayCount.objects.filter(community_id=community.pk):
        counter = BitCounter.from_bytes(row.blob)
        for account in counter.nonzero():
            key = row.community_id, row.kind_id, row.day, account
            counts[key] = counter.get(account)
    return counts


def expected_counts(community: Community) -> Counts:
    """The same from the log, counted one by one."""
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


def mirrored_ids() -> list[int]:
    """Every id in the mirror, sorted; a repeated fact is in it twice."""
    return sorted(mirror.query("SELECT id FROM facts")["id"].to_pylist())


def fact_ids() -> list[int]:
    return list(Fact.objects.order_by("pk").values_list("pk", flat=True))


def assert_consistent(community: Community) -> None:
    assert stored_counts(community) == expected_counts(community)
    assert mirrored_ids() == fact_ids()
    assert codes() == []


def codes() -> list[str]:
    return sorted({finding.code for finding in doctor.run_checks()})


def micros(hours: float = 0) -> int:
    return timestamps.to_micros(AT - timedelta(hours=hours))
