"""What imports keep of people: journals, remainders of undos, and reports of problems."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.importing.files import file_search
from qunce.importing.jobs import error_report, journal, uploads
from qunce.importing.jobs.jobs import ACTIVE_STATES, ImportJob
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.jobs.uploads import Upload
from qunce.importing.undo.undos import UndoRemainder
from qunce.members.people.personal_texts import ErasedPerson

BLANKS: Mapping[str, tuple[int, Callable[[list[Any]], list[Any]]]] = {
    "fields": (0, lambda entry: [entry[0], None, None]),
    "identifiers": (1, lambda entry: [*entry[:3], ""]),
}
"""The kinds of changes that quote people: where an entry has the account, what stays."""


def erase(person: ErasedPerson) -> None:
    """Delete what imports keep of an erased person; safe to repeat.

    Entries of journals stay without their content, so that the undo of the import leaves
    this person alone and says so.
    """
    for kind in BLANKS:
        for account in person.accounts:
            _blank_entries(person.community_id, kind, account)
    jobs = ImportJob.objects.filter(community_id=person.community_id)
    erased = f"erased-{person.accounts[0]}"
    for text in person.texts:
        UndoRemainder.objects.filter(undo__job__in=jobs, subject=text[:300]).update(
            subject=erased
        )
    for job in jobs.filter(rows_broken__gt=0).order_by("pk"):
        problems = job.problems.all()
        # All of the row: its other cells are theirs as well.
        named = {
            row
            for row, value, remedy in problems.values_list("row", "value", "remedy")
            if person.is_named_in(value) or person.is_named_in(remedy)
        }
        if named:
            remedy = _("This was about a member who has been erased.")
            problems.filter(row__in=named).update(value="", remedy=remedy)
        _blank_report(job, person)
    kept = Upload.objects.filter(
        community_id=person.community_id, removed_at__isnull=True
    )
    for upload in kept.order_by("pk"):
        # An import that is queued or running needs its file, which goes after a week.
        is_active = upload.jobs.filter(state__in=ACTIVE_STATES).exists()
        if not is_active and file_search.contains(
            uploads.path_of(upload), person.texts
        ):
            uploads.remove(upload, at=person.at)


def _blank_entries(community_id: int, kind: str, account: int) -> None:
    own = ImportChange.objects.filter(job__community_id=community_id, kind=kind)
    # An id is followed by a comma wherever it stands; others of that form are looked at
    # in vain.
    for pk in own.filter(entries__contains=f"{account},").values_list("pk", flat=True):
        with transaction.atomic():
            # Locked, as an undo may be taking entries of it.
            for change in own.select_for_update(of=("self",)).filter(pk=pk):
                index, blank = BLANKS[kind]
                entries = [
                    blank(entry) if entry[index] == account else entry
                    for entry in journal.load(change)
                ]
                change.entries = journal.ENCODER.encode(entries)
                change.save(update_fields=["entries"])


def _blank_report(job: ImportJob, person: ErasedPerson) -> None:
    path = error_report.path_of(job)
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        named = {
            cells[0]
            for cells in csv.reader(file)
            if any(map(person.is_named_in, cells[2:]))
        }
    if not named:
        return
    remedy = _("This was about a member who has been erased.")
    blanked = path.with_suffix(".part")
    with (
        path.open(encoding="utf-8-sig", newline="") as file,
        blanked.open("w", encoding="utf-8-sig", newline="") as target,
    ):
        writer = csv.writer(target)
        for cells in csv.reader(file):
            is_named = cells[0] in named
            writer.writerow([*cells[:2], "", remedy] if is_named else cells)
    blanked.replace(path)
    # A resumed import appends at this size.
    ImportJob.objects.filter(pk=job.pk).update(report_bytes=path.stat().st_size)
