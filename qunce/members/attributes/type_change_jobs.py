"""Changes of type with more values than a request can wait for, in the background.

All values are looked at first, without a lock and with progress. Only then they are
converted, in one transaction, so that rules never see values of two types.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.personal_texts import ErasedPerson
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes, type_changes
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.type_changes import TypeChange
from qunce.members.attributes.values import AttributeValue

log = logging.getLogger(__name__)
JOB = "members.change_type"
MAX_IMMEDIATE = 5_000
"""Up to this many values are converted within the request."""
RETENTION = timedelta(days=1)
"""How long a finished job is kept; its notes quote values of members."""
CHECKING, WRITING = "checking", "writing"


class TypeChangeJob(models.Model):
    """`done` of `size` accounts with a value are checked; `result` is what came out.

    With `dry_run` nothing is changed.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    attribute = models.ForeignKey(Attribute, models.PROTECT, related_name="+")
    type = models.CharField(max_length=10)
    dry_run = models.BooleanField(default=False)
    drop_unreadable = models.BooleanField(default=False)
    phase = models.CharField(max_length=10, default=CHECKING)
    size = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)
    error = models.TextField(default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    finished_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return f"{self.attribute} → {self.type}: {self.done} of {self.size}"


class TypeChangeNotFound(errors.NotFound):
    """No such change of type runs, or ran within the last day."""


class TypeChangeInProgress(errors.Refused):
    """The values of this attribute are being converted or checked already."""


# Verbs


@transaction.atomic
def start(
    *,
    attribute: Attribute,
    type: str,  # noqa: A002 - the word of the interface
    by: Staff,
    at: datetime,
    drop_unreadable: bool = False,
    dry_run: bool = False,
) -> TypeChangeJob:
    """Queue the change, or with `dry_run` the look at what it would do."""
    attributes.check_manage(attribute, by)
    permissions.check_community(by, attribute.community_id)
    type_changes.check_type(attribute, type)
    # Of two starts at the same time, the second one waits here and is refused.
    Attribute.objects.select_for_update().get(pk=attribute.pk)
    if find_active(attribute) is not None:
        raise TypeChangeInProgress(
            _("The values of “%(name)s” are being checked or converted already.")
            % {"name": attribute.name}
        )
    finished = TypeChangeJob.objects.filter(community=attribute.community)
    finished.filter(finished_at__lt=timestamps.to_micros(at - RETENTION)).delete()
    job = TypeChangeJob.objects.create(
        community=attribute.community,
        attribute=attribute,
        type=type,
        dry_run=dry_run,
        drop_unreadable=drop_unreadable,
        size=_values(attribute).values("account_id").distinct().count(),
        at=at,
        by=by,
    )
    job_queue.schedule(job=JOB, key=str(job.pk), due_at=at, community=by.community)
    return job


def run(key: str, *, at: datetime) -> None:
    """Run the job with this id to its end; safe to repeat."""
    jobs = TypeChangeJob.objects.select_related("attribute__community", "by")
    job = jobs.filter(pk=int(key), finished_at__isnull=True).first()
    if job is None:
        return
    # Its sentences are read by whoever started it.
    with translation.override(job.by.language):
        try:
            change = type_changes.survey(
                attribute=job.attribute,
                type=job.type,
                report=lambda count: _report(job, CHECKING, count),
            )
            if job.dry_run:
                _finish(job, at, change)
                return
            type_changes.check_change(change, drop_unreadable=job.drop_unreadable)
            _report(job, WRITING, job.size)
            # With the change, so that a killed worker does not leave one without the
            # other.
            with transaction.atomic():
                change = type_changes.change_type(
                    attribute=job.attribute,
                    type=job.type,
                    drop_unreadable=job.drop_unreadable,
                    by=job.by,
                    at=at,
                )
                _finish(job, at, change)
        except errors.QunceError as error:
            job.error = str(error)
            _finish(job, at, None)
        except Exception:
            # Unfinished, it would keep everybody from changing this attribute.
            log.exception("Change of type %s failed", job.pk)
            job.error = _(
                "The change stopped unexpectedly. See the server log for the reason."
            )
            _finish(job, at, None)


def _report(job: TypeChangeJob, phase: str, done: int) -> None:
    job.phase, job.done = phase, min(done, job.size)
    job.save(update_fields=["phase", "done"])


def _finish(job: TypeChangeJob, at: datetime, change: TypeChange | None) -> None:
    job.result = None if change is None else summarize(change)
    job.finished_at = at
    job.save(update_fields=["result", "error", "finished_at"])


@personal_texts.register
def _erase(person: ErasedPerson) -> None:
    """Delete the finished jobs whose notes quote an erased person."""
    jobs = TypeChangeJob.objects.filter(
        community_id=person.community_id, finished_at__isnull=False
    )
    for job in jobs:
        if person.is_named_in([job.result, job.error]):
            job.delete()


# Reads


def is_large(attribute: Attribute) -> bool:
    """Whether so many members have a value that a change belongs in the background."""
    return _values(attribute)[MAX_IMMEDIATE : MAX_IMMEDIATE + 1].exists()


def _values(attribute: Attribute) -> models.QuerySet[AttributeValue]:
    return AttributeValue.objects.filter(attribute=attribute, present=True)


def find_active(attribute: Attribute) -> TypeChangeJob | None:
    """Return the job that is checking or converting the values of this attribute."""
    jobs = TypeChangeJob.objects.filter(attribute=attribute, finished_at__isnull=True)
    return jobs.order_by("pk").first()


def get(*, by: Staff, pk: int) -> TypeChangeJob:
    permissions.check_may(by, attributes.MANAGE)
    jobs = TypeChangeJob.objects.filter(community=by.community, pk=pk)
    job = jobs.select_related("attribute", "by").first()
    if job is None:
        raise TypeChangeNotFound(_("There is no such change of type."))
    # Its notes quote values.
    attributes.check_manage(job.attribute, by)
    return job


def summarize(change: TypeChange) -> dict[str, Any]:
    """Return the counts of a change, and its sentences as `notes`."""
    return {
        "converted": change.converted,
        "restored": change.restored,
        "altered": change.altered.count,
        "unreadable": change.unreadable.count,
        "broken_rules": [str(rule) for rule in change.broken_rules],
        "notes": type_changes.describe(change),
    }
