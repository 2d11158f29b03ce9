"""Which accounts an import joined and parted, and by what evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from qunce.core.staff.models import Staff
from qunce.importing.jobs import access
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Identifier, SharedIdentifier
from qunce.members.people.merges import Merge

MAX_ROWS = 1_000
"""Of each kind; the counts of the report are of all."""
MAX_SHARED = 100
KIND_LABELS: Mapping[str, StrOrPromise] = {
    "phone": gettext_lazy("phone number"),
    "email": gettext_lazy("e-mail address"),
    "unionid": "UnionID",
}


def load(job: ImportJob, *, by: Staff) -> dict[str, list[dict[str, Any]]]:
    """Return `joined` and `parted` pairs and `shared` identifiers, the first of each.

    Keys and identifiers are masked for staff who may not read them, and empty if their
    members were removed or erased since.
    """
    access.check_may_import(by, job)
    own = Merge.objects.filter(community_id=job.community_id)
    joined = _pairs(own.filter(job_id=job.pk))
    parted = _pairs(own.filter(undone_job_id=job.pk))
    ids = {pk for each in (*joined, *parted) for pk in (each.left_id, each.right_id)}
    keys = account_queries.keys_by_id(job.community, ids)
    # Their keys are internal and say nothing.
    keys |= dict.fromkeys(account_queries.find_erased(ids), "")
    shared = SharedIdentifier.objects.filter(community_id=job.community_id)
    return {
        "joined": [_describe(each, keys, by) for each in joined],
        "parted": [_describe(each, keys, by) for each in parted],
        "shared": [
            {
                "kind": row.kind,
                "value": masking.identifier(kind=row.kind, value=row.value, by=by),
                # Now, as the mark is set once more than a few have it.
                "accounts": Identifier.objects.filter(
                    community_id=job.community_id, kind=row.kind, value=row.value
                ).count(),
            }
            for row in shared.filter(job_id=job.pk).order_by("pk")[:MAX_SHARED]
        ],
    }


def sentences(report: dict[str, list[dict[str, Any]]]) -> Iterable[str]:
    """The report in words, one line per pair or identifier."""
    for each in map(_with_label, report["joined"]):
        if each["value"]:
            text = _("%(left)s and %(right)s are one person by %(kind)s %(value)s.")
        else:
            text = _("%(left)s and %(right)s were one person by their %(kind)s.")
        yield text % each
    for each in map(_with_label, report["parted"]):
        yield _("%(left)s and %(right)s are two people again (%(kind)s).") % each
    for each in map(_with_label, report["shared"]):
        text = ngettext(
            "%(kind)s %(value)s is shared by %(accounts)d account and merges nobody.",
            "%(kind)s %(value)s is shared by %(accounts)d accounts and merges nobody.",
            each["accounts"],
        )
        yield text % each


def _with_label(finding: Mapping[str, Any]) -> dict[str, Any]:
    label = KIND_LABELS.get(finding["kind"], finding["kind"])
    members = {
        side: finding[side] or _("a removed member")
        for side in ("left", "right")
        if side in finding
    }
    return {**finding, **members, "kind": label}


def _pairs(rows: models.QuerySet[Merge]) -> list[Merge]:
    return list(rows.order_by("pk")[:MAX_ROWS])


def _describe(merge: Merge, keys: dict[int, str], by: Staff) -> dict[str, Any]:
    return {
        "left": masking.key(keys.get(merge.left_id, ""), by),
        "right": masking.key(keys.get(merge.right_id, ""), by),
        "kind": merge.reason,
        "value": merge.value
        and masking.identifier(kind=merge.reason, value=merge.value, by=by),
        "undone": merge.undone_at is not None,
    }
