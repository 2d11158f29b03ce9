"""Tagging of many people in the background, in a job that survives restarts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.tags import assignments, levels, library
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tag, TagBatch, TagJob
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

JOB = "members.tag_many"
PEOPLE_PER_BATCH = account_queries.CHUNK_SIZE
MAX_IMMEDIATE = 20_000
"""Up to this many people are tagged within the request, which takes under a second."""
APPLY, REMOVE = "apply", "remove"


class TagJobNotFound(errors.NotFound):
    """No such tagging is in progress."""


# Verbs


@transaction.atomic
def start(
    *,
    tag: Tag,
    action: str,
    people: BitMap,
    by: Staff,
    at: datetime,
    depth: str = "",
    expires_at: datetime | None = None,
    batch: TagBatch | None = None,
) -> TagJob:
    """Queue a job that applies or removes the tag; raises MemberNotFound.

    `depth` is a change such as `+1`, see `levels.parse_depth`.
    """
    permissions.check_may(by, assignments.APPLY)
    visibility.check_people(by=by, people=people, at=at)
    if action == APPLY:
        library.check_active(tag)
    if depth:
        levels.parse_depth(depth, tag.levels)
    job = TagJob.objects.create(
        community=tag.community,
        tag=tag,
        action=action,
        people=bitmaps.to_bytes(people),
        size=len(people),
        depth=depth,
        expires_at=expires_at,
        batch=batch or assignments.create_batch(community=tag.community, by=by, at=at),
        at=at,
        by=by,
    )
    job_queue.schedule(job=JOB, key=str(job.pk), due_at=at, community=by.community)
    return job


def run(key: str, *, at: datetime) -> None:
    """Process the job with this id from where it stopped.

    A chunk and its progress are one transaction, so that a crash repeats none of it.
    """
    jobs = TagJob.objects.select_related("tag__community", "tag__group", "by", "batch")
    job = jobs.filter(pk=int(key), finished_at__isnull=True).first()
    if job is None:
        return
    try:
        # An error is a sentence for whoever started the job.
        with translation.override(job.by.language):
            _continue(job, at)
    except errors.QunceError as error:
        job.error = str(error)[:300]
    # Empty the set, so that no ids of members are stored longer than needed.
    job.finished_at, job.people = at, bitmaps.to_bytes(bitmaps.EMPTY)
    job.save(update_fields=["error", "finished_at", "people"])


def _continue(job: TagJob, at: datetime) -> None:
    """Tag the people from where the job stopped."""
    # The ids were fixed at the start, so that `done` is a position in the same list
    # after a restart.
    people = list(bitmaps.from_bytes(job.people))
    for chunk in account_queries.chunks(people[job.done :], PEOPLE_PER_BATCH):
        # Some may have been erased or left the scope since the start.
        visible = visibility.filter_visible(by=job.by, accounts=chunk, at=at)
        with transaction.atomic():
            _tag(job, visible, at)
            job.done += len(chunk)
            job.save(update_fields=["done"])


def _tag(job: TagJob, people: Iterable[int], at: datetime) -> None:
    arguments: dict[str, Any] = {
        "tag": job.tag,
        "accounts": people,
        "by": job.by,
        "at": at,
        "batch": job.batch,
    }
    if job.action == REMOVE:
        assignments.remove(**arguments)
        return
    arguments["expires_at"] = job.expires_at
    if not job.depth:
        assignments.apply(**arguments)
        return
    change = levels.parse_depth(job.depth, job.tag.levels)
    assignments.change_depth(change=change, **arguments)


# Reads


def get(*, by: Staff, pk: int) -> TagJob:
    """A job of `by`, or any job for managers without a scope; raises TagJobNotFound."""
    rows = TagJob.objects.filter(community=by.community, pk=pk)
    if by.scope is not None or not permissions.may(by, tag_models.MANAGE):
        rows = rows.filter(by=by)
    job = rows.select_related("tag", "batch", "by").first()
    if job is None:
        raise TagJobNotFound(_("No such tagging is in progress."))
    return job
