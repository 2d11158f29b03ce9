"""What imports keep of people: journals, remainders of undos, and reports of problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core.personal_texts import ErasedPerson
from qunce.importing.files import file_search
from qunce.importing.jobs import error_report, journal, uploads
from qunce.importing.jobs.jobs import ACTIVE_STATES, ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.importing.undo.undos import UndoRemainder

BLANKS: Mapping[str, tuple[int, Callable[[list[Any]], list[Any]]]] = {
    "fields": (0, lambda entry: [entry[0], None, None]),
    "identifiers": (1, lambda entry: [*entry[:3], "", *entry[4:]]),
    "opt_outs": (0, lambda entry: [entry[0], None, entry[2]]),
}
"""The kinds of changes that quote people: where an entry has the account, what stays."""


def erase(person: ErasedPerson) -> None:
    """Delete what imports keep of an erased person; safe to repeat.

    Entries of journals stay without their content, so that the undo of the import leaves
    this person alone and reports it.
    """
    for kind, (index, blank) in BLANKS.items():
        for account in person.accounts:
            journal.blank(
                person.community_id, kind, account, index=index, blanked=blank
            )
    jobs = ImportJob.objects.filter(community_id=person.community_id)
    for text in person.texts:
        UndoRemainder.objects.filter(undo__job__in=jobs, subject=text[:300]).update(
            subject=""
        )
    # Rows that are not broken are listed, too.
    broken = jobs.filter(problems__isnull=False).distinct().select_related("by")
    for job in broken.order_by("pk"):
        problems = job.problems.all()
        # All of the row: its other cells are theirs as well.
        named = {
            row
            for row, value, remedy in problems.values_list("row", "value", "remedy")
            if person.is_named_in(value) or person.is_named_in(remedy)
        }
        # A sentence for whoever reads the other problems.
        with translation.override(job.by.language):
            remedy = _("This was about a member who has been erased.")
        if named:
            problems.filter(row__in=named).update(value="", remedy=remedy)
        error_report.blank(job, person.is_named_in, remedy=remedy)
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
