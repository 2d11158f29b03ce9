"""Fills a new QUNCE_HOME: what is named by Qunce's verbs, what is many by bulk.

Rows are as the verbs would have left them, with their revisions, so that the engine
reads true tables. It starts with nothing kept and nothing derived.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connections, models, transaction

from bench import engines, generate, sizes
from bench.generate import NEVER, Attribute, Marks, World
from bench.homes import Place
from qunce.core import communities, revisions
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import models as account_models
from qunce.members.attributes import attributes
from qunce.members.people.merges import Merge
from qunce.members.tags import library
from qunce.sets.bitmaps import aliases, attribute_columns, marks

KEY = "bench"
BATCH = 500_000
SOURCE = "import"
LONG = (list, np.ndarray, pa.Array, pa.ChunkedArray)


def engine(where: Place) -> engines.Engine:
    """A connection of our own; Django's are closed, as the file must be ours alone."""
    connections.close_all()
    if where.database == "sqlite":
        return engines.Sqlite(where.home / "truth.sqlite3")
    return engines.Postgres()


def community() -> tuple[Community, Staff]:
    found = Community.objects.filter(key=KEY).order_by("pk").first()
    if found is None:
        found = communities.create(
            key=KEY, at=sizes.AT, timezone=sizes.ZONE, language="en"
        )
    return found, staff_models.system(found)


def completed(model: type[models.Model], given: dict[str, Any]) -> pa.Table:
    """A table of all the model's columns, the missing ones with their defaults."""
    rows = max(len(some) for some in given.values() if isinstance(some, LONG))
    table = {}
    for field in model._meta.concrete_fields:
        name = str(field.column)
        if name in given:
            table[name] = as_array(given[name], rows)
        elif not field.primary_key:
            table[name] = as_array(default_of(field), rows)
    unknown = set(given) - set(table)
    assert not unknown, f"{model.__name__} has no {unknown}"
    return pa.table({name: array for name, array in table.items() if array is not None})


def default_of(field: Any) -> Any:
    value = None if field.null and not field.has_default() else field.get_default()
    return json.dumps(value) if isinstance(field, models.JSONField) else value


def as_array(value: Any, rows: int) -> pa.Array | None:
    """A column as it is, one value for every row, or nothing where it may stay null."""
    if value is None:
        return None
    if isinstance(value, LONG):
        return value if isinstance(value, pa.Array) else pa.array(value)
    return pa.repeat(pa.scalar(value), rows)


def write(to: engines.Engine, model: type[models.Model], given: dict[str, Any]) -> None:
    table = completed(model, given)
    for batch in table.to_batches(max_chunksize=BATCH):
        to.insert(model._meta.db_table, pa.Table.from_batches([batch]))


def load(where: Place, world: World) -> None:
    """Everything but the log."""
    here, by = community()
    with transaction.atomic():
        tag_ids = name_tags(world, here, by)
        group_ids = name_groups(world, here, by)
        made = name_attributes(world, here, by)
        sources = interned_names.ensure("source", here.pk, generate.SOURCES)
        merge(world, here, by)
        revisions.bump(here.pk, account_models.PRESENCE_REVISION, [0])
    to = engine(where)
    source_ids = np.array([sources[name] for name in generate.SOURCES])
    write(to, account_models.Account, accounts(world, here, source_ids))
    write_marks(to, "tag", generate.taggings(world), tag_ids)
    write_marks(to, "group", generate.memberships(world), group_ids)
    with to.without_indexes(attribute_columns.get().table):
        for attribute, ref in made:
            write(to, attribute_columns.get().model, values(attribute, ref))
    reset_sequences(to)
    to.finish()


def merge(world: World, here: Community, by: Staff) -> None:
    pairs = enumerate(world.head.tolist(), start=1)
    heads = {account: head for account, head in pairs if account != head}
    joins = [
        Merge(
            community=here,
            left_id=head,
            right_id=account,
            reason="phone",
            at=sizes.AT,
            by=by,
        )
        for account, head in heads.items()
    ]
    Merge.objects.bulk_create(joins, batch_size=1000)
    aliases.assign(here.pk, heads)


def name_tags(world: World, here: Community, by: Staff) -> list[int]:
    keys = [generate.tag_key(number) for number in range(1, world.size.tags + 1)]
    made = library.ensure(community=here, keys=keys, by=by, at=sizes.AT)
    ids = [made[key].pk for key in keys]
    revisions.bump(here.pk, "tag", ids)
    return ids


def name_groups(world: World, here: Community, by: Staff) -> list[int]:
    ids = []
    for number in range(1, world.size.groups + 1):
        key = generate.group_key(number)
        group = groups.create(community=here, key=key, name=key, by=by, at=sizes.AT)
        ids.append(group.pk)
    revisions.bump(here.pk, "group", ids)
    return ids


def name_attributes(
    world: World, here: Community, by: Staff
) -> list[tuple[Attribute, int]]:
    made = []
    for one in generate.attributes(world):
        row = attributes.define(
            community=here, name=one.name, type=one.type, by=by, at=sizes.AT
        )
        made.append((one, row.pk))
    revisions.bump(here.pk, attribute_columns.KIND, [ref for _, ref in made])
    return made


def accounts(world: World, here: Community, sources: np.ndarray) -> dict[str, Any]:
    left = world.left_at != NEVER
    ids = np.arange(1, world.accounts + 1)
    return {
        "id": ids,
        "community_id": here.pk,
        "key": world.keys,
        "name": [f"Member {number}" for number in ids.tolist()],
        "joined_at": world.joined_at,
        "left_at": pa.array(world.left_at, mask=~left),
        "source_id": sources[world.source],
        "present": ~left,
        "rev": 1,
    }


def write_marks(to: engines.Engine, name: str, rows: Marks, ids: list[int]) -> None:
    kind = marks.get(name)
    given = {
        kind.ref_column: np.array([0, *ids])[rows.ref],
        "account_id": rows.account,
        "weight": rows.weight,
        "present": rows.present,
        "rev": 1,
    }
    known = {field.column for field in kind.model._meta.concrete_fields}
    times = {name: rows.at for name in ("tagged_at", "joined_at") if name in known}
    with to.without_indexes(kind.table):
        write(to, kind.model, given | times)


def values(one: Attribute, ref: int) -> dict[str, Any]:
    """Numbers as ten-thousandths, days, microseconds or 0 and 1; the rest as text."""
    account, at, given = one.account, one.at, one.values
    if one.type == "multi":
        counts = [len(some) for some in given]
        account, at = np.repeat(account, counts), np.repeat(at, counts)
        given = [value for some in given for value in some]
    column: dict[str, Any] = {"text": given}
    if one.type in ("number", "bool", "date", "instant"):
        scale = 10_000 if one.type == "number" else 1
        column = {"number": np.array(given, dtype=np.int64) * scale}
    return {
        attribute_columns.get().ref_column: ref,
        "account_id": account,
        "set_at": at,
        "item": given if one.type == "multi" else "",
        "source": SOURCE,
        "present": True,
        "rev": 1,
        **column,
    }


def serials() -> Iterator[str]:
    yield account_models.Account._meta.db_table
    yield "core_fact"
    yield "sales_order"


def reset_sequences(to: engines.Engine) -> None:
    """Explicit ids leave PostgreSQL's sequences behind."""
    if to.name != "postgresql":
        return
    for table in serials():
        to.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (SELECT COALESCE(MAX(id), 1) FROM {table}))"
        )
