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
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tag, TagJob
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

JOB = "members.tag_many"
MAX_IMMEDIATE = 20_000
"""Up to so many are tagged while the page waits: under a second."""
APPLY, REMOVE = "apply", "remove"


class TagJobNotFound(errors.NotFound):
    """There is no such tagging under way."""


# Verbs


@transaction.atomic
def start(*, tag: Tag, action: str, people: BitMap, by: Staff, at: datetime) -> TagJob:
    """Freeze these people, who are in sight, and have the tagging done soon."""
    permissions.check_may(by, assignments.APPLY)
    if action == APPLY:
        library.check_active(tag)
    job = TagJob.objects.create(
        community=tag.community,
        tag=tag,
        action=action,
        people=bitmaps.to_bytes(people),
        size=len(people),
        batch=assignments.create_batch(community=tag.community, by=by, at=at),
        at=at,
        by=by,
    )
    job_queue.schedule(duty=JOB, key=str(job.pk), due_at=at)
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
    still = visibility.filter_visible(by=job.by, accounts=people, at=at)
    action = assignments.apply if job.action == APPLY else assignments.remove
    action(tag=job.tag, accounts=still, by=job.by, at=at, batch=job.batch)


# Reads


def get(*, by: Staff, pk: int) -> TagJob:
    """One's own; all of them for managers who see everybody."""
    rows = TagJob.objects.filter(community=by.community, pk=pk)
    if by.scope is not None or not permissions.may(by, tag_models.MANAGE):
        rows = rows.filter(by=by)
    job = rows.select_related("tag", "batch", "by").first()
    if job is None:
        raise TagJobNotFound(_("No such tagging is in progress."))
    return job
