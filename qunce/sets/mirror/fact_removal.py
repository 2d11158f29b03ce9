"""Removes single facts from what is derived: day counts and the files of the mirror."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from qunce.core import db
from qunce.core.facts import withdrawals
from qunce.core.facts.withdrawals import WithdrawnFact
from qunce.sets import derived_models
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import Position
from qunce.sets.mirror import day_counts, files, mirror
from qunce.sets.mirror.files import FilePart, MirrorFile

if TYPE_CHECKING:
    from qunce.sets.mirror.fact_days import Clocks


def are_pending() -> bool:
    return WithdrawnFact.objects.exists()


def apply_withdrawals(position: Position, clocks: Clocks) -> None:
    """Remove withdrawn facts from day counts and mirror, holding the deriver's lock.

    Can be repeated after a crash: the days are counted again from the facts that stay,
    and the rows of the withdrawals are removed last.
    """
    rows = list(WithdrawnFact.objects.order_by("pk").values_list("pk", "fact_id"))
    if not rows:
        return
    # As a table: undos of large imports withdraw more ids than a statement can list.
    withdrawn = pa.table({"id": pa.array([fact_id for _pk, fact_id in rows])})
    columns = "SELECT community, kind, account, happened_at FROM facts"
    gone = day_counts.DayCounter(clocks)
    gone.add(
        mirror.query(f"{columns} SEMI JOIN withdrawn USING (id)", withdrawn=withdrawn)
    )
    affected = gone.counters()
    if affected:
        kinds = ", ".join(sorted({str(kind) for _c, kind, _d in affected}))
        kept = day_counts.DayCounter(clocks)
        kept.add(
            mirror.query(
                f"{columns} ANTI JOIN withdrawn USING (id) WHERE kind IN ({kinds})",
                withdrawn=withdrawn,
            )
        )
        counters = kept.counters()
        changed = {day: counters.get(day, BitCounter()) for day in affected}
        with transaction.atomic(using=derived_models.db_alias()):
            day_counts.save(changed, position.reached)
            # What other processes have cached under the old token has the old counts.
            position.token = secrets.token_hex(16)
            position.save(update_fields=["token"])
    remove_ids(position, withdrawn["id"].to_pylist())
    for start in range(0, len(rows), withdrawals.IDS_PER_STATEMENT):
        some = [pk for pk, _id in rows[start : start + withdrawals.IDS_PER_STATEMENT]]
        db.execute(
            "DELETE FROM core_withdrawn_fact"  # noqa: S608 - placeholders only
            f" WHERE id IN ({db.placeholders(len(some))})",
            some,
        )


Mask = Callable[[pa.Table], pa.ChunkedArray]
"""Which rows of a table with the columns id, account and kind are to be deleted."""


def remove_ids(position: Position, ids: Sequence[int]) -> None:
    """Remove single facts from the mirror, holding both locks."""
    removed = pa.array(ids, pa.int64())
    remove(position, lambda table: pc.is_in(table["id"], value_set=removed))


def remove(position: Position, mask: Mask) -> None:
    """Remove the facts that `mask` selects from the mirror, holding both locks."""
    at = mirror.MirrorPosition(position.mirror_folder, position.reached)
    folder = mirror.folder(at.folder)
    for file in mirror.coverage(at).files:
        affected = set()
        for part in file.parts:
            # Three columns only, as most files have none of the facts.
            columns = ["id", "account", "kind"]
            table = files.read(folder / part.name, columns)
            if pc.any(mask(table)).as_py():
                affected.add(part)
        if affected:
            _rewrite(folder, file, affected, lambda t: t.filter(pc.invert(mask(t))))
    # Without grace: a reader may fail once and lists the files again.
    mirror.prune(at, grace=0)


def replace_payloads(position: Position, payloads: Mapping[int, str]) -> None:
    """Replace the payloads of these facts in the mirror, holding both locks."""
    at = mirror.MirrorPosition(position.mirror_folder, position.reached)
    folder = mirror.folder(at.folder)
    ids = pa.array(payloads, pa.int64())
    for file in mirror.coverage(at).files:
        affected = {
            part
            for part in file.parts
            if any(part.first <= fact_id <= part.last for fact_id in payloads)
        }
        if affected:
            _rewrite(folder, file, affected, lambda t: _with_payloads(t, ids, payloads))
    mirror.prune(at, grace=0)


def _with_payloads(
    table: pa.Table, ids: pa.Array, payloads: Mapping[int, str]
) -> pa.Table:
    replaced = pc.is_in(table["id"], value_set=ids)
    new = [payloads[each] for each in table["id"].filter(replaced).to_pylist()]
    index = table.schema.get_field_index("payload")
    field = table.schema.field(index)
    column = pc.replace_with_mask(
        table["payload"].combine_chunks(),
        replaced.combine_chunks(),
        pa.array(new, field.type),
    )
    return table.set_column(index, field, column)


def _rewrite(
    folder: Path,
    file: MirrorFile,
    affected: set[FilePart],
    change: Callable[[pa.Table], pa.Table],
) -> None:
    """Publish the next version of a file; parts that do not change become links."""
    paths, parts = [], []
    for old in file.parts:
        unfinished = f"growing-{old.first:019}-{old.part}.parquet"
        rows = old.rows
        if old in affected:
            table = files.read(folder / old.name)
            rest = change(table)
            paths.append(files.write_part(folder, rest, unfinished))
            rows = rest.num_rows
        else:
            # A link costs nothing, and all parts of a file need the same version.
            os.link(folder / old.name, folder / unfinished)
            paths.append(folder / unfinished)
        parts.append(
            FilePart(old.first, old.last, old.version + 1, old.part, old.parts, rows)
        )
    files.publish(folder, paths, parts)
