"""Feeds and links that are due, each read in a thread of its own.

A download may take long, and nothing waits for it: the scheduler's thread claims what is
due, records what has returned, and leaves what still runs to its next turn.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, transaction

from qunce.core import timestamps
from qunce.outreach.ideas import download_errors, feeds, pasted_links
from qunce.outreach.ideas.models import Feed, Idea, LinkReading

if TYPE_CHECKING:
    from qunce.outreach.ideas.web_reader import Outcome

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
MAX_PARALLEL, MAX_PARALLEL_PER_COMMUNITY = 12, 4
"""So that a community with many slow servers does not delay the others."""
MAX_SECONDS_PER_TURN, MAX_SECONDS_TO_WAIT = 6.0, 2.0
MAX_CANDIDATES = 500
LINK_PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
LASTING_ERRORS = ("invalid_address", "private_address", "redirects")
"""Errors of a link that no other attempt changes."""


@dataclass(frozen=True)
class Claim:
    """A feed, or the reading of a link, under a lease."""

    row: Feed | LinkReading
    community: int

    @property
    def key(self) -> tuple[str, int]:
        return type(self.row).__name__, self.row.pk


_running: dict[tuple[str, int], int] = {}
"""What threads of this process are reading, and the community of each."""
_returned: queue.SimpleQueue[tuple[Claim, Outcome]] = queue.SimpleQueue()
_turn = threading.Lock()


def read_due(*, at: datetime) -> int:
    """Read the feeds and links that are due. Return how many outcomes were recorded."""
    recorded, end = 0, time.monotonic() + MAX_SECONDS_PER_TURN
    # One turn at a time, should a slow one have lost its lease of the job.
    with _turn:
        while (left := end - time.monotonic()) > 0:
            for claim in claim_due(at=at):
                _start(claim)
            if not _running:
                break
            try:
                claim, outcome = _returned.get(timeout=min(left, MAX_SECONDS_TO_WAIT))
            except queue.Empty:
                break
            del _running[claim.key]
            record(claim, outcome, at=at)
            recorded += 1
    return recorded


def _start(claim: Claim) -> None:
    _running[claim.key] = claim.community
    # A daemon: the process may end without it, and the lease expires.
    threading.Thread(target=_read, args=(claim,), name="ideas", daemon=True).start()


def _read(claim: Claim) -> None:
    from qunce.outreach.ideas import web_reader  # loads libraries few processes need

    outcome = web_reader.Outcome(download_errors.INTERNAL)
    try:
        row = claim.row
        if isinstance(row, Feed):
            outcome = web_reader.read_feed(
                row.url, etag=row.etag, last_modified=row.last_modified
            )
        else:
            outcome = web_reader.read_page(row.url)
    except Exception:
        log.exception("%s could not be read", claim.key)
    finally:
        # Also after an error, which would otherwise leave it out for ever.
        _returned.put((claim, outcome))


def claim_due(*, at: datetime) -> list[Claim]:
    """Lease what is due, a few of each community so that none delays the others."""
    now = timestamps.to_micros(at)
    by_community, found = Counter(_running.values()), list[Claim]()
    for model, community in (
        (Feed, "community_id"),
        (LinkReading, "idea__community_id"),
    ):
        due = model._default_manager.filter(due_at__lte=now)
        # In random order, so that all get a turn if there are too many.
        candidates = due.order_by("?").values_list("pk", community)
        for pk, owner in candidates[:MAX_CANDIDATES]:
            is_running = (model.__name__, pk) in _running
            is_full = len(_running) + len(found) >= MAX_PARALLEL
            if (
                is_running
                or is_full
                or by_community[owner] >= MAX_PARALLEL_PER_COMMUNITY
            ):
                continue
            lease = secrets.token_hex(16)
            # The condition again: another process may have claimed it since.
            if due.filter(pk=pk).update(lease=lease, due_at=at + LEASE):
                by_community[owner] += 1
                found.append(Claim(model._default_manager.get(pk=pk), owner))
    return found


def record(claim: Claim, outcome: Outcome, *, at: datetime) -> None:
    """Record the outcome of a download, unless the lease is lost.

    An error in one record is its own, so that the others are recorded.
    """
    try:
        _record(claim, outcome, at=at)
    except OperationalError:
        raise
    except Exception:
        from qunce.outreach.ideas import web_reader

        log.exception("%s could not be recorded", claim.key)
        _record(claim, web_reader.Outcome(download_errors.INTERNAL), at=at)


@transaction.atomic
def _record(claim: Claim, outcome: Outcome, *, at: datetime) -> None:
    if isinstance(claim.row, Feed):
        feeds_held = Feed.objects.select_for_update(of=("self",))
        for feed in feeds_held.filter(pk=claim.row.pk, lease=claim.row.lease):
            _record_feed(feed, outcome, at)
        return
    rows = LinkReading.objects.select_for_update(of=("self",))
    for reading in rows.filter(pk=claim.row.pk, lease=claim.row.lease):
        _record_reading(reading, outcome, at)


def _record_feed(feed: Feed, outcome: Outcome, at: datetime) -> None:
    feed.lease, feed.error, feed.status = "", outcome.error, outcome.status
    feed.suggestion = ""
    if outcome.error:
        feed.attempts = min(feed.attempts + 1, 1_000)
        feed.failing_since = feed.failing_since or at
        if outcome.document is not None:
            feed.suggestion = outcome.document.suggestion
    else:
        feed.attempts, feed.failing_since = 0, None
        feed.etag, feed.last_modified = outcome.etag, outcome.last_modified
        feed.new_count = feed.known_count = 0
        if outcome.document is not None:
            is_complete = feeds.store_document(feed, outcome.document, at=at)
            if not is_complete:
                # Else the server would say that nothing is new.
                feed.etag = feed.last_modified = ""
        feed.fetched_at = at
    pause = timedelta(seconds=outcome.retry_after)
    feed.due_at = max(feeds.next_fetch(at, feed.attempts), at + pause)
    feed.save()


def _record_reading(reading: LinkReading, outcome: Outcome, at: datetime) -> None:
    if not outcome.error:
        if outcome.preview is not None:
            idea = Idea.objects.get(pk=reading.idea_id)
            pasted_links.store_preview(idea, outcome.preview, at=at)
        reading.delete()
        return
    is_lasting = (
        outcome.error in LASTING_ERRORS or outcome.status in download_errors.NOT_FOUND
    )
    attempts = reading.attempts + 1
    is_last = is_lasting or attempts > len(LINK_PAUSES)
    reading.lease, reading.attempts = "", attempts
    reading.error, reading.status = outcome.error, outcome.status
    reading.due_at = None if is_last else at + LINK_PAUSES[attempts - 1]
    reading.save()
