"""Tagging of more people than a page can wait for: a set frozen now, worked off in the
background, five thousand at a time. It can be stopped at any moment and goes on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.tags import assignments, library
from qunce.members.tags.library import Tag
from qunce.members.tags.models import TagBatch
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

DUTY = "members.tag_many"
AT_ONCE = 20_000
"""Up to so many are tagged while the page waits: under a second."""
PUT, TAKE = "put", "take"


class TagJob(models.Model):
    """`done` of `size` people have been looked at; `batch` is undone as one."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    does = models.CharField(max_length=4)
    people = models.BinaryField()
    size = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    batch = models.ForeignKey(TagBatch, models.PROTECT, related_name="+")
    error = models.CharField(max_length=300, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    finished_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return f"{self.does} {self.tag}: {self.done} of {self.size}"


class UnknownJob(errors.NotFound):
    """There is no such tagging under way."""


# Verbs


@transaction.atomic
def start(*, tag: Tag, does: str, people: BitMap, by: Staff, at: datetime) -> TagJob:
    """Freeze these people, who are in sight, and have the tagging done soon."""
    permissions.check_may(by, assignments.APPLY)
    if does == PUT:
        library.check_usable(tag)
    job = TagJob.objects.create(
        community=tag.community,
        tag=tag,
        does=does,
        people=bitmaps.to_bytes(people),
        size=len(people),
        batch=assignments.begin(community=tag.community, by=by, at=at),
        at=at,
        by=by,
    )
    job_queue.schedule(duty=DUTY, key=str(job.pk), due_at=at)
    return job


def run(key: str, *, at: datetime) -> None:
    """Go on where it stands. Doing some again changes nothing: a tag is put once."""
    jobs = TagJob.objects.select_related("tag__community", "tag__group", "by", "batch")
    job = jobs.filter(pk=int(key), finished_at__isnull=True).first()
    if job is None:
        return
    people = list(bitmaps.from_bytes(job.people))
    try:
        for chunk in account_queries.chunks(people[job.done :]):
            _work(job, list(chunk), at)
            job.done += len(chunk)
            job.save(update_fields=["done"])
    except errors.QunceError as error:
        job.error = str(error)[:300]
    # The list has served: nobody's number is kept for nothing.
    job.finished_at, job.people = at, bitmaps.to_bytes(bitmaps.EMPTY)
    job.save(update_fields=["error", "finished_at", "people"])


def _work(job: TagJob, people: list[int], at: datetime) -> None:
    """Those still in sight; who was erased or left the scope meanwhile is passed over."""
    still = visibility.only(by=job.by, accounts=people, at=at)
    does = assignments.put if job.does == PUT else assignments.take_off
    does(tag=job.tag, accounts=still, by=job.by, at=at, batch=job.batch)


# Reads


def get(*, by: Staff, pk: int) -> TagJob:
    """One's own; all of them for managers who see everybody."""
    rows = TagJob.objects.filter(community=by.community, pk=pk)
    if by.scope is not None or not permissions.may(by, library.MANAGE):
        rows = rows.filter(by=by)
    job = rows.select_related("tag", "batch", "by").first()
    if job is None:
        raise UnknownJob(_("No such tagging is in progress."))
    return job
