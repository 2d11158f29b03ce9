"""Checks the rows of a file of facts as the API checks the facts of a request."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import errors, json_values
from qunce.core.facts import fact_effects, reported_facts, reported_kinds
from qunce.core.facts.reported_facts import TimeLimits
from qunce.core.facts.reported_kinds import KindLimits
from qunce.core.staff import api_keys
from qunce.importing.accounts import account_resolver
from qunce.importing.files import json_files, json_shapes
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows import parsing
from qunce.importing.rows.parsing import MAX_VALUE_SHOWN, ParsedChunk, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

MESSAGE_KIND = "message.posted"
MEMBER_FIELDS = account_resolver.KINDS
SELECT_SHAPES = """
SELECT kind, json_keys(payload) AS fields, min("index") AS first
FROM facts_of_chunk GROUP BY kind, fields ORDER BY first
"""
"""Kinds with the fields of their payloads, in the order of the file."""
SELECT_ROWS = """
SELECT "index" FROM facts_of_chunk WHERE kind = ? AND json_keys(payload) = ?
"""


def time_limits(plan: ImportPlan) -> TimeLimits:
    return reported_facts.time_limits(
        plan.at,
        allow_old=plan.options.allow_old_times,
        allow_future=plan.options.allow_future_times,
    )


def check(
    plan: ImportPlan,
    chunk: ParsedChunk,
    limits: TimeLimits,
    kind_limits: KindLimits,
) -> ParsedChunk:
    """Return the chunk with its invalid rows as problems."""
    times = np.asarray(chunk.columns["happened_at"])
    outside = np.flatnonzero((times < limits.earliest) | (times > limits.latest))
    remedies: Remedies = {}
    if len(outside):
        remedies = dict.fromkeys(outside.tolist(), ("happened_at", limits.remedy))
    remedies |= _check_payloads(plan, chunk)
    remedies |= _check_effects(plan, chunk, set(remedies))
    remedies |= _check_fields(chunk, kind_limits, list(remedies))
    if not remedies:
        return chunk
    heading_of = plan.heading_of
    problems = list(chunk.problems)
    for index, (name, remedy) in remedies.items():
        value = str(chunk.get(name)[index].as_py() or "")[:MAX_VALUE_SHOWN]
        if name == "happened_at":
            micros = chunk.columns[name][index].as_py()
            value = str(parsing.format_value(plan, name, micros))
        row = int(chunk.row_numbers[index])
        problems.append(Problem(row, heading_of.get(name, name), value, remedy))
    problems.sort(key=lambda problem: (problem.row, problem.field))
    is_valid = np.ones(len(chunk.row_numbers), dtype=bool)
    is_valid[list(remedies)] = False
    return keep(chunk, is_valid, problems)


def keep(
    chunk: ParsedChunk, is_kept: NDArray[np.bool_], problems: list[Problem]
) -> ParsedChunk:
    mask = pa.array(is_kept)
    return dataclasses.replace(
        chunk,
        columns={name: column.filter(mask) for name, column in chunk.columns.items()},
        row_numbers=chunk.row_numbers[is_kept],
        problems=problems,
    )


Remedies = dict[int, tuple[str, str]]
"""Index of a row → its first invalid field, and what to do."""


def _check_payloads(plan: ImportPlan, chunk: ParsedChunk) -> Remedies:
    payloads = chunk.get("payload")
    # What may be too long or have what cannot be stored.
    flags = pc.or_kleene(
        pc.greater(pc.utf8_length(payloads), reported_facts.MAX_PAYLOAD_LENGTH),
        pc.or_kleene(
            pc.or_kleene(
                pc.match_substring(payloads, "\\u0000"),
                pc.greater(
                    pc.count_substring(payloads, '":'), settings.MAX_FACT_FIELDS
                ),
            ),
            pc.match_substring_regex(payloads, reported_facts.EXPONENT.pattern),
        ),
    )
    doubtful = np.array(pc.fill_null(flags, fill_value=False), dtype=bool)
    # The reader of JSON has parsed them, so that only what JSON allows is left to check.
    if plan.source.format not in ("json", "ndjson"):
        cursor = json_files.connection().cursor()
        doubtful |= json_shapes.find_doubtful_objects(cursor, payloads)
    has_text = pc.and_(
        pc.equal(chunk.get("kind"), MESSAGE_KIND),
        pc.match_substring_regex(payloads, r'"text"\s*:'),
    )
    rows = np.flatnonzero(np.asarray(pc.fill_null(has_text, fill_value=False)))
    remedy = _(
        "Facts have no texts of messages. Import them as chat logs, which keeps the texts"
        " apart and deletes them after a while."
    )
    remedies: Remedies = dict.fromkeys(rows.tolist(), ("payload", remedy))
    for index in np.flatnonzero(doubtful).tolist():
        try:
            reported_facts.check_payload(payloads[index].as_py())
        except errors.Invalid as error:
            remedies[index] = ("payload", str(error))
    return remedies


def _check_fields(
    chunk: ParsedChunk, kind_limits: KindLimits, invalid: list[int]
) -> Remedies:
    """Check how many fields each kind has, over all valid rows; raises TooManyKinds."""
    is_valid = np.ones(len(chunk.row_numbers), dtype=bool)
    is_valid[invalid] = False
    rows = pa.table(
        {
            "index": pa.array(np.flatnonzero(is_valid)),
            "kind": chunk.columns["kind"].filter(pa.array(is_valid)),
            "payload": chunk.get("payload").filter(pa.array(is_valid)),
        }
    )
    cursor = json_files.connection().cursor()
    cursor.register("facts_of_chunk", rows)
    shapes = cursor.sql(SELECT_SHAPES).fetchall()
    kind_limits.load(kind for kind, _fields, _first in shapes)
    remedies: Remedies = {}
    for kind, fields, _first in shapes:
        try:
            kind_limits.check(kind, fields or ())
        except reported_kinds.TooManyFields as error:
            found = cursor.execute(SELECT_ROWS, [kind, fields]).fetchall()
            remedies |= {index: ("payload", str(error)) for (index,) in found}
    return remedies


def _check_effects(plan: ImportPlan, chunk: ParsedChunk, invalid: set[int]) -> Remedies:
    """Check the rows whose kinds take effect, except those that are `invalid` already."""
    remedies: Remedies = {}
    kinds = chunk.get("kind")
    has_member = np.zeros(len(kinds), dtype=bool)
    for name in MEMBER_FIELDS:
        has_member |= np.asarray(pc.is_valid(chunk.get(name)))
    has_group = np.asarray(pc.is_valid(chunk.get("group_key")))
    payloads = chunk.get("payload")
    for index in np.flatnonzero(has_effect(kinds)).tolist():
        if index in invalid:
            continue
        text = payloads[index].as_py()
        kind = kinds[index].as_py()
        try:
            api_keys.check_scope_of(plan.by, fact_effects.registered()[kind].scope)
            fact_effects.check(
                kind,
                has_member=bool(has_member[index]),
                has_group=bool(has_group[index]),
                payload=json_values.parse_object(text.encode()) if text else {},
            )
        except errors.QunceError as error:
            remedies[index] = ("kind" if not text else "payload", str(error))
    return remedies


def has_effect(kinds: pa.Array) -> NDArray[np.bool_]:
    """Return which of these kinds take effect instead of being stored."""
    effective = pa.array(list(fact_effects.registered()), pa.string())
    return np.asarray(pc.is_in(kinds, value_set=effective), dtype=bool)
