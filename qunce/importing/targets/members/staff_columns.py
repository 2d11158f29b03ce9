"""The column of the staff in charge: which staff its cells name, and writing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.jobs import journal
from qunce.importing.rows import row_checks
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.members.accounts import queries as account_queries
from qunce.members.staff_in_charge import assignments

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan

FIELD = "staff"
MAX_NAMES = 8
"""Names of staff that a problem lists."""


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk]
) -> Iterator[ParsedChunk]:
    """Refuse rows that name staff whom the community does not have."""
    known: dict[str, Staff] = {}
    unknown: set[str] = set()
    remedy = ""
    for chunk in chunks:
        if FIELD not in chunk.columns:
            yield chunk
            continue
        texts = set(pc.unique(chunk.columns[FIELD].drop_null()).to_pylist())
        new = texts - known.keys() - unknown
        if new:
            known |= assignments.find_staff(plan.community, new)
            unknown |= new - known.keys()
        if not texts & unknown:
            yield chunk
            continue
        remedy = remedy or _describe_staff(plan)
        yield row_checks.refuse(chunk, _list_problems(plan, chunk, unknown, remedy))


def _list_problems(
    plan: ImportPlan, chunk: ParsedChunk, unknown: set[str], remedy: str
) -> Iterator[Problem]:
    column = chunk.columns[FIELD]
    names = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
    for index in np.flatnonzero(np.isin(names, list(unknown))).tolist():
        row, text = int(chunk.row_numbers[index]), str(names[index])
        yield Problem(row, plan.heading_of[FIELD], text, remedy)


def _describe_staff(plan: ImportPlan) -> str:
    staff = assignments.list_assignable(plan.community)
    names = _(", ").join(f"{each.name} ({each.login})" for each in staff[:MAX_NAMES])
    if len(staff) > MAX_NAMES:
        names += " …"
    return _(
        "There is no active staff member with this login or name, or several have the"
        " name. The staff are: %(names)s."
    ) % {"names": names}


def write(job: ImportJob, texts: Mapping[int, str], existing: set[int]) -> set[int]:
    """Store who is in charge of accounts, in a transaction; returns who changed.

    Accounts that existed before are recorded for the undo of the import.
    """
    staff = assignments.find_staff(job.community, set(texts.values()))
    wanted = {
        account: staff[text].pk for account, text in texts.items() if text in staff
    }
    if not wanted:
        return set()
    people: dict[int, Sequence[int]] = dict(account_queries.accounts_by_person(wanted))
    person_of = {account: pk for pk, own in people.items() for account in own}
    before = assignments.staff_ids_by_person(people)
    # Of several accounts of one person, the last row counts.
    new = {person_of[account]: staff_id for account, staff_id in wanted.items()}
    changed = {
        person: staff_id
        for person, staff_id in new.items()
        if before.get(person, assignments.NOBODY) != staff_id
    }
    if not changed:
        return set()
    assignments.write(
        community=job.community,
        people={person: (people[person], pk) for person, pk in changed.items()},
        by=job.by,
        at=job.started_at,
        source="import",
    )
    touched = {account for account in wanted if person_of[account] in changed}
    journal.record(
        job,
        "staff",
        [
            [account, before.get(person_of[account], assignments.NOBODY), pk]
            for account, pk in sorted(wanted.items())
            if account in touched & existing
        ],
    )
    return touched
