"""Reads and writes many rows of runs and their steps with few statements.

Django's models take longer for a thousand runs than everything else that happens to them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models

from qunce.core import db, timestamps
from qunce.outreach.playbooks.models import Run, RunState, StepState

ROWS_PER_STATEMENT = 1_000


@dataclass(slots=True)
class LiveRun:
    """What advancing a run reads and changes, with the names of `Run`."""

    pk: int
    version_id: int
    target_id: int
    number: int
    state: RunState
    step: str
    triggered_at: datetime
    started_at: datetime
    since: datetime
    due_at: datetime | None
    silent_until: datetime | None
    held_since: datetime | None
    held_for: str
    awaits_id: int | None
    ended_at: datetime | None = None
    ending: str = ""


READ = [name for name in LiveRun.__slots__ if name not in ("ended_at", "ending")]


def load(runs: models.QuerySet[Run]) -> list[LiveRun]:
    """Live runs in their order; the query may lock them."""
    return [LiveRun(*row) for row in runs.values_list(*READ)]


@dataclass(slots=True)
class NewStep:
    """A step that a run does or skips, with the names of `RunStep`."""

    run_id: int
    step: str
    kind: str
    due_at: datetime
    at: datetime
    state: StepState = StepState.DONE
    reason: str = ""
    message_id: int | None = None
    note_id: int | None = None
    pk: int = 0


STEP_COLUMNS = {
    "run_id": "bigint",
    "step": "text",
    "kind": "text",
    "state": "text",
    "reason": "text",
    "due_at": "bigint",
    "at": "bigint",
}
"""Columns of a new step, and their types in PostgreSQL."""


def insert_steps(steps: Sequence[NewStep]) -> None:
    """Create their rows and set their `pk`; each step of a run is there once."""
    if not steps:
        return
    rows, value = "json_each(%s)", "json_extract(value, '$[{number}]')"
    if db.is_postgresql():
        rows = "json_array_elements(%s) AS row(value)"
        value = "(value->>{number})::{type}"
    values = ", ".join(
        value.format(number=number, type=each)
        for number, each in enumerate(STEP_COLUMNS.values())
    )
    given = [[_stored(getattr(step, name)) for name in STEP_COLUMNS] for step in steps]
    inserted = db.rows(
        f"INSERT INTO outreach_run_step ({', '.join(STEP_COLUMNS)})"  # noqa: S608 - our own names
        f" SELECT {values} FROM {rows} RETURNING id, run_id, step",
        [json.dumps(given)],
    )
    pks = {(run_id, step): pk for pk, run_id, step in inserted}
    for step in steps:
        step.pk = pks[step.run_id, step.step]


def update(
    rows: Sequence[Any], names: Sequence[str], model: type[models.Model] | None = None
) -> None:
    """Store these fields of rows of one table; `model` is it, if they are no models."""
    if not rows:
        return
    meta = (model or type(rows[0]))._meta
    fields = [meta.get_field(name) for name in names]
    own = [field for field in fields if isinstance(field, models.Field)]
    assert len(own) == len(fields)  # noqa: S101 - they are columns
    attributes = [*(field.attname for field in own), "pk"]
    values = [[_stored(getattr(row, name)) for name in attributes] for row in rows]
    if not db.is_postgresql():
        changes = ", ".join(f"{field.column} = %s" for field in own)
        with connection.cursor() as cursor:
            # As in `db.insert`, one prepared statement is fastest.
            cursor.executemany(
                f"UPDATE {meta.db_table} SET {changes} WHERE id = %s",  # noqa: S608 - our own names
                values,
            )
        return
    for start in range(0, len(values), ROWS_PER_STATEMENT):
        _update_from_json(
            meta.db_table, own, values[start : start + ROWS_PER_STATEMENT]
        )


def _update_from_json(
    table: str, fields: Sequence[models.Field[Any, Any]], values: Sequence[list[Any]]
) -> None:
    """Update rows on PostgreSQL; the id of each is its last value."""
    changes = ", ".join(
        f"{field.column} = (value->>{number})::{_type_of(field)}"
        for number, field in enumerate(fields)
    )
    db.execute(
        f"UPDATE {table} SET {changes} FROM json_array_elements(%s) AS row(value)"  # noqa: S608 - our own names
        f" WHERE id = (value->>{len(fields)})::bigint",
        [json.dumps(values)],
    )


def _type_of(field: models.Field[Any, Any]) -> str:
    return (
        "text" if isinstance(field, models.CharField | models.TextField) else "bigint"
    )


def _stored(value: Any) -> Any:
    return timestamps.to_micros(value) if isinstance(value, datetime) else value
