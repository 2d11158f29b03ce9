"""Erasure: removes accounts from the log and from all that is derived from it.

Answers leave an erased person out immediately, since presence does. This is the part in
the background, which `members` calls once its own rows are cleared. It can be repeated.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from pyroaring import BitMap

from qunce.core import db, personal_texts
from qunce.core.facts import facts, key_hashes
from qunce.core.personal_texts import ErasedPerson
from qunce.sets import derived_models, log
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror import day_counts, deriver, fact_removal, locks, mirror

ROWS_PER_STATEMENT = 500
_exempt_kinds: set[str] = set()


def exempt(kind: str) -> None:
    """Keep facts of this kind, which record only that somebody was erased."""
    _exempt_kinds.add(kind)


def exempt_kind_ids() -> list[int]:
    ids = (facts.find_kind(kind) for kind in sorted(_exempt_kinds))
    return [kind_id for kind_id in ids if kind_id is not None]


def erase(accounts: Iterable[int]) -> int:
    """Remove these accounts' facts from the log, day counts, persisted sets and mirror.

    Must not be called inside a transaction. Returns the number of facts deleted. Facts
    whose writers have not committed yet are found by the next call.
    """
    erased = BitMap(accounts)
    # Facts that are derived already are found by account in the mirror.
    deriver.catch_up()
    # Both locks: a merge that runs now would copy the facts into a new file.
    with locks.acquire(locks.DERIVER), locks.acquire(locks.MERGE):
        position, _ = deriver.recover()
        # The log first. After a crash the rest is found again, as the next call looks
        # for the accounts everywhere.
        deleted = _delete_facts(_list_fact_ids(position, erased))
        # The position's token changes with the counts, in one transaction.
        changed = {}
        days = DayCount.objects.exclude(kind_id__in=exempt_kind_ids())
        for day in days.iterator(chunk_size=100):
            counter = BitCounter.from_bytes(day.blob)
            if not counter.nonzero().isdisjoint(erased):
                changed[day.community_id, day.kind_id, day.day] = counter.without(
                    erased
                )
        with transaction.atomic(using=derived_models.db_alias()):
            day_counts.save(changed, position.reached)
            # What other processes have cached under the old token still has the accounts.
            position.token = secrets.token_hex(16)
            position.save(update_fields=["token"])
        # Persisted sets with one of the accounts are deleted, and saved again later.
        for row in PersistedSet.objects.iterator(chunk_size=20):
            saved = persisted_sets.account_ids(row.kind, bytes(row.blob))
            if not saved.isdisjoint(erased):
                row.delete()
        fact_removal.remove(position, lambda table: _mask(table, erased))
    return deleted


@personal_texts.register
def erase_quotes(person: ErasedPerson) -> None:
    """Remove an erased person's texts from the payloads of facts about others."""
    if not person.identifying_texts:
        return
    deriver.catch_up()
    # Found too much rather than too little: `remove_from` looks for whole words.
    condition = " OR ".join(
        ["contains(lower(payload), lower(?))"] * len(person.identifying_texts)
    )
    with locks.acquire(locks.DERIVER), locks.acquire(locks.MERGE):
        position, _ = deriver.recover()
        found = mirror.query(
            f"SELECT id, payload FROM facts WHERE community = ? AND ({condition})",  # noqa: S608
            [person.community_id, *person.identifying_texts],
        )
        changed = {
            fact["id"]: _without(person, fact["payload"]) for fact in found.to_pylist()
        }
        payloads = {
            fact["id"]: changed[fact["id"]]
            for fact in found.to_pylist()
            if changed[fact["id"]] != fact["payload"]
        }
        # The log first, as the mirror can be rebuilt from it.
        for chunk in _chunks(sorted(payloads)):
            with transaction.atomic():
                for fact_id in chunk:
                    facts.Fact.objects.filter(pk=fact_id).update(
                        payload=payloads[fact_id]
                    )
        if payloads:
            fact_removal.replace_payloads(position, payloads)


JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[0-9]+')


def _without(person: ErasedPerson, payload: str) -> str:
    """A payload without the person. All other numbers stay as they are written."""

    # A number in one field makes a name in another one that of the person.
    is_about_them = person.remove_from(payload) != payload

    def replace(match: re.Match[str]) -> str:
        content = json.loads(match[0])
        changed = person.remove_from(content, is_sentence=is_about_them)
        return (
            match[0] if changed == content else json.dumps(changed, ensure_ascii=False)
        )

    return JSON_TOKEN.sub(replace, payload)


# The log


def _list_fact_ids(position: Position, erased: BitMap) -> list[int]:
    """The facts to delete, most of them from the mirror: no index has accounts."""
    accounts = ", ".join(map(str, erased)) or "-1"
    exempt_ids = exempt_kind_ids() or [-1]
    kinds = ", ".join(map(str, exempt_ids))
    mirrored = mirror.query(
        f"SELECT id FROM facts WHERE account IN ({accounts}) AND kind NOT IN ({kinds})"  # noqa: S608
    )
    ids = set(mirrored["id"].to_pylist())
    for chunk in _chunks(sorted(erased)):
        rows = log.list_after(position.reached, None, chunk)
        ids |= {row[0] for row in rows if row[1] not in exempt_ids}
    return sorted(ids)


def _delete_facts(ids: list[int]) -> int:
    deleted = 0
    for chunk in _chunks(ids):
        with transaction.atomic():
            # SQLite's index of keys is a table of its own. A key that is deleted with its
            # fact may be used again.
            if not db.is_postgresql():
                id_list = db.placeholders(len(chunk))
                rows = db.rows(
                    f"SELECT source_id, key FROM core_fact WHERE key IS NOT NULL AND id IN ({id_list})",  # noqa: S608
                    chunk,
                )
                for source in {row[0] for row in rows}:
                    keys = [row[1].encode() for row in rows if row[0] == source]
                    hashes = key_hashes.hashes_of(source, keys).tolist()
                    db.execute(
                        f"DELETE FROM core_factkey WHERE hash IN ({db.placeholders(len(hashes))})"  # noqa: S608
                        f" AND fact_id IN ({id_list})",
                        [*hashes, *chunk],
                    )
                db.execute(
                    f"DELETE FROM core_factkeyoverflow WHERE fact_id IN ({id_list})",  # noqa: S608
                    chunk,
                )
            deleted += db.execute(
                f"DELETE FROM core_fact WHERE id IN ({db.placeholders(len(chunk))})",  # noqa: S608
                chunk,
            )
    return deleted


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), ROWS_PER_STATEMENT):
        yield ids[start : start + ROWS_PER_STATEMENT]


# Derived data


def _mask(table: pa.Table, erased: BitMap) -> pa.ChunkedArray:
    """Which rows are to be deleted."""
    is_erased = pc.is_in(table["account"], value_set=pa.array(list(erased), pa.int64()))
    exempt_ids = pa.array(exempt_kind_ids(), pa.int32())
    return pc.and_not(is_erased, pc.is_in(table["kind"], value_set=exempt_ids))
