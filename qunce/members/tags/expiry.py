"""Removal of tags that have expired."""

from __future__ import annotations

import functools
from datetime import datetime

from django.db import models, transaction

from qunce.core import timestamps
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments
from qunce.members.tags.models import Tag, Tagging
from qunce.members.tags.writer import TagWriter

JOB = "tags.expire_tag"


def remove_expired(*, at: datetime) -> int:
    """Remove expired taggings in every community; returns of how many tags.

    A tag that fails keeps no other waiting.
    """
    rows = Tag.objects.filter(pk__in=_expired(at).values("tag_id"))
    tags = list(rows.select_related("community").order_by("pk"))
    for tag in tags:
        run = functools.partial(remove_expired_of, str(tag.pk), at=at)
        key = str(tag.pk)
        job_queue.run_item(run, job=JOB, key=key, community=tag.community, at=at)
    return len(tags)


def remove_expired_of(key: str, *, at: datetime) -> None:
    """Remove a tag from the members on whom it has expired; `key` is the queued job's."""
    for tag in Tag.objects.filter(pk=int(key)).select_related("community"):
        expired = _expired(at).filter(tag=tag)
        accounts = list(expired.values_list("account_id", flat=True))
        if not accounts:
            continue
        by = staff_models.system(tag.community)
        batch = assignments.create_batch(
            community=tag.community, by=by, at=at, source=assignments.EXPIRED
        )
        writer = TagWriter(batch, by, at)
        for chunk in account_queries.chunks(accounts):
            with transaction.atomic():
                # Read again inside the transaction: the expiry may have been extended.
                rows = expired.filter(account_id__in=chunk)
                ids = rows.values_list("account_id", flat=True)
                writer.write(tag, dict.fromkeys(ids, 0))


def name_of(key: str) -> str:
    """The name of the tag of a queued job."""
    return Tag.objects.filter(pk=int(key)).values_list("name", flat=True).first() or ""


def _expired(at: datetime) -> models.QuerySet[Tagging]:
    return Tagging.objects.filter(
        present=True, expires_at__lte=timestamps.to_micros(at)
    )
