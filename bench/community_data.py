"""Fills a new QUNCE_HOME with members: definitions by verbs, large tables in bulk.

Rows are as the verbs would have written them, with their revisions, so that the engine
reads ordinary tables. Nothing is persisted or derived yet.
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
from bench.workspaces import Workspace
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
ROWS_PER_BATCH = 500_000
SOURCE = "import"
ARRAY_TYPES = (list, np.ndarray, pa.Array, pa.ChunkedArray)


def engine(workspace: Workspace) -> engines.Engine:
    """A connection for bulk writes; Django's are closed, since it needs the file alone."""
    connections.close_all()
    if workspace.database == "sqlite":
        return engines.Sqlite(workspace.home / "truth.sqlite3")
    return engines.Postgres()


def get_community(key: str = KEY) -> tuple[Community, Staff]:
    community = Community.objects.filter(key=key).order_by("pk").first()
    if community is None:
        community = communities.create(
            key=key, at=sizes.AT, timezone=sizes.ZONE, language="en"
        )
    return community, staff_models.system(community)


def complete_table(model: type[models.Model], columns: dict[str, Any]) -> pa.Table:
    """A table with all columns of the model; missing ones have their defaults."""
    rows = max(len(c) for c in columns.values() if isinstance(c, ARRAY_TYPES))
    table = {}
    for field in model._meta.concrete_fields:
        name = str(field.column)
        if name in columns:
            table[name] = as_array(columns[name], rows)
        elif not field.primary_key:
            table[name] = as_array(default_of(field), rows)
    unknown = set(columns) - set(table)
    assert not unknown, f"{model.__name__} has no {unknown}"
    return pa.table({name: array for name, array in table.items() if array is not None})


def default_of(field: Any) -> Any:
    value = None if field.null and not field.has_default() else field.get_default()
    return json.dumps(value) if isinstance(field, models.JSONField) else value


def as_array(value: Any, rows: int) -> pa.Array | None:
    """The column of an array or a constant; None if it can stay null."""
    if value is None:
        return None
    if isinstance(value, ARRAY_TYPES):
        return value if isinstance(value, pa.Array) else pa.array(value)
    return pa.repeat(pa.scalar(value), rows)


def write(
    to: engines.Engine, model: type[models.Model], columns: dict[str, Any]
) -> None:
    table = complete_table(model, columns)
    for batch in table.to_batches(max_chunksize=ROWS_PER_BATCH):
        to.insert(model._meta.db_table, pa.Table.from_batches([batch]))


def load(workspace: Workspace, world: World) -> None:
    """Load everything except the fact log."""
    here, by = get_community()
    with transaction.atomic():
        tag_ids = create_tags(world, here, by)
        group_ids = create_groups(world, here, by)
        definitions = create_attributes(world, here, by)
        sources = interned_names.ensure("source", here.pk, generate.SOURCES)
        merge(world, here, by)
        revisions.bump(here.pk, account_models.PRESENCE_REVISION, [0])
    to = engine(workspace)
    source_ids = np.array([sources[name] for name in generate.SOURCES])
    write(to, account_models.Account, accounts(world, here, source_ids))
    write_marks(to, "tag", generate.taggings(world), tag_ids)
    write_marks(to, "group", generate.memberships(world), group_ids)
    with to.without_indexes(attribute_columns.get().table):
        for attribute, ref in definitions:
            write(to, attribute_columns.get().model, values(attribute, ref))
    reset_sequences(to)
    to.finish()


def merge(world: World, here: Community, by: Staff) -> None:
    pairs = enumerate(world.person_ids.tolist(), start=1)
    merged = {account: person for account, person in pairs if account != person}
    merges = [
        Merge(
            community=here,
            left_id=person,
            right_id=account,
            reason="phone",
            at=sizes.AT,
            by=by,
        )
        for account, person in merged.items()
    ]
    Merge.objects.bulk_create(merges, batch_size=1000)
    aliases.assign(here.pk, merged)


def create_tags(world: World, here: Community, by: Staff) -> list[int]:
    keys = [generate.tag_key(number) for number in range(1, world.size.tags + 1)]
    tags = library.ensure(community=here, keys=keys, by=by, at=sizes.AT)
    ids = [tags[key].pk for key in keys]
    revisions.bump(here.pk, "tag", ids)
    return ids


def create_groups(world: World, here: Community, by: Staff) -> list[int]:
    ids = []
    for number in range(1, world.size.groups + 1):
        key = generate.group_key(number)
        group = groups.create(community=here, key=key, name=key, by=by, at=sizes.AT)
        ids.append(group.pk)
    revisions.bump(here.pk, "group", ids)
    return ids


def create_attributes(
    world: World, here: Community, by: Staff
) -> list[tuple[Attribute, int]]:
    definitions = []
    for attribute in generate.attributes(world):
        row = attributes.define(
            community=here, name=attribute.name, type=attribute.type, by=by, at=sizes.AT
        )
        definitions.append((attribute, row.pk))
    revisions.bump(here.pk, attribute_columns.KIND, [ref for _, ref in definitions])
    return definitions


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
    columns = {
        kind.ref_column: np.array([0, *ids])[rows.ref],
        "account_id": rows.account,
        "weight": rows.weight,
        "present": rows.present,
        "rev": 1,
    }
    names = {field.column for field in kind.model._meta.concrete_fields}
    times = {name: rows.at for name in ("tagged_at", "joined_at") if name in names}
    with to.without_indexes(kind.table):
        write(to, kind.model, columns | times)


def values(attribute: Attribute, ref: int) -> dict[str, Any]:
    """Rows of one attribute. Comparable values are integers, all others texts."""
    account, at, values_ = attribute.account, attribute.at, attribute.values
    if attribute.type == "multi":
        counts = [len(items) for items in values_]
        account, at = np.repeat(account, counts), np.repeat(at, counts)
        values_ = [value for items in values_ for value in items]
    column: dict[str, Any] = {"text": values_}
    if attribute.type in ("number", "bool", "date", "instant"):
        scale = 10_000 if attribute.type == "number" else 1
        column = {"number": np.array(values_, dtype=np.int64) * scale}
    return {
        attribute_columns.get().ref_column: ref,
        "account_id": account,
        "set_at": at,
        "item": values_ if attribute.type == "multi" else "",
        "source": SOURCE,
        "present": True,
        "rev": 1,
        **column,
    }


def list_serial_tables() -> Iterator[str]:
    yield account_models.Account._meta.db_table
    yield "core_fact"
    yield "sales_order"


def reset_sequences(to: engines.Engine) -> None:
    """Advance PostgreSQL's sequences behind the explicit ids."""
    if to.name != "postgresql":
        return
    for table in list_serial_tables():
        to.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (SELECT COALESCE(MAX(id), 1) FROM {table}))"
        )
