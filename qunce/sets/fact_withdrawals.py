"""Withdrawal of facts: finds them in the log, and removes them from what is derived."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.core import db
from qunce.core.facts import facts, withdrawals
from qunce.core.facts.withdrawals import WithdrawnFact
from qunce.sets import derived_models, log
from qunce.sets.bitmaps.bit_counters import BitCounter

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.sets.derived_models import Position
    from qunce.sets.mirror.fact_days import Clocks

withdraw = withdrawals.withdraw

Search = tuple[str, int | None, set[int]]
"""Key of an order, the account of its facts, and the microseconds when they happened."""

SELECT_MIRRORED = """
SELECT id FROM facts JOIN searched ON happened_at = searched.moment
    AND account IS NOT DISTINCT FROM searched.owner
    AND payload ->> '$.order' = searched.key
WHERE community = ? AND kind IN ({kinds})
    AND happened_at BETWEEN ? AND ? AND amount IS NOT NULL
"""


def find_ids(
    community: Community, kinds: Iterable[str], orders: Sequence[Search]
) -> list[int]:
    """Return the ids of the facts of these orders, derived or not, in order."""
    # Loads Arrow and DuckDB, which most verbs do not need.
    import pyarrow as pa

    from qunce.sets.mirror import mirror

    kind_ids = [number for kind in kinds if (number := facts.find_kind(kind))]
    searched = [
        {"key": key, "owner": account, "moment": moment}
        for key, account, moments in orders
        for moment in moments
    ]
    if not searched or not kind_ids:
        return []
    moments = [row["moment"] for row in searched]
    # The position is read first, so that a fact derived in between is in both.
    position = mirror.position()
    schema = pa.schema(
        [("key", pa.string()), ("owner", pa.int64()), ("moment", pa.int64())]
    )
    table = pa.Table.from_pylist(searched, schema=schema)
    found = mirror.query(
        SELECT_MIRRORED.format(kinds=", ".join(map(str, kind_ids))),
        [community.pk, min(moments), max(moments)],
        searched=table,
    )
    ids = set(found["id"].to_pylist())
    wanted = {(row["key"], row["owner"], row["moment"]) for row in searched}
    for fact_id, account, happened_at, payload in log.list_kinds_after(
        position.reached, community.pk, kind_ids
    ):
        if (facts.load(payload).get("order"), account, happened_at) in wanted:
            ids.add(fact_id)
    return sorted(ids)


def are_pending() -> bool:
    return WithdrawnFact.objects.exists()


def apply(position: Position, clocks: Clocks) -> None:
    """Remove withdrawn facts from day counts and mirror, holding the deriver's lock.

    Can be repeated after a crash: the days are counted again from the facts that stay,
    and the rows of the withdrawals are removed last.
    """
    from qunce.sets.mirror import deriver, mirror, mirror_erasure
    from qunce.sets.mirror.day_counts import DayCounter

    rows = list(WithdrawnFact.objects.order_by("pk").values_list("pk", "fact_id"))
    if not rows:
        return
    withdrawn = ", ".join(str(fact_id) for _pk, fact_id in rows)
    columns = "SELECT community, kind, account, happened_at FROM facts WHERE"
    gone = DayCounter(clocks)
    gone.add(mirror.query(f"{columns} id IN ({withdrawn})"))
    affected = gone.counters()
    if affected:
        kinds = ", ".join(sorted({str(kind) for _c, kind, _d in affected}))
        kept = DayCounter(clocks)
        kept.add(
            mirror.query(f"{columns} kind IN ({kinds}) AND id NOT IN ({withdrawn})")
        )
        counters = kept.counters()
        changed = {day: counters.get(day, BitCounter()) for day in affected}
        with transaction.atomic(using=derived_models.db_alias()):
            deriver.save_day_counts(changed, position.reached)
            # What other processes have cached under the old token has the old counts.
            position.token = secrets.token_hex(16)
            position.save(update_fields=["token"])
    mirror_erasure.remove_facts(position, [fact_id for _pk, fact_id in rows])
    for start in range(0, len(rows), withdrawals.IDS_PER_STATEMENT):
        some = [pk for pk, _id in rows[start : start + withdrawals.IDS_PER_STATEMENT]]
        db.execute(
            "DELETE FROM core_withdrawn_fact"  # noqa: S608 - placeholders only
            f" WHERE id IN ({db.placeholders(len(some))})",
            some,
        )
