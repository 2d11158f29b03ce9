"""What staff decide about posts: accept, reject, hide, show, feature and tag."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.posts import consents, post_facts, posts, terms
from qunce.activities.posts.models import Post, PostState, Use
from qunce.core import errors
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


class NoConsent(errors.Refused):
    """The author has not consented to this use."""


class PostEdited(errors.Refused):
    """The author has edited the post since the staff read it."""


@transaction.atomic
def accept(*, post: Post, by: Staff, at: datetime, version: str | None = None) -> Post:
    """Let other members read a post that waits, was rejected or is hidden.

    `version` is that of the post which the staff have read; raises PostEdited if its
    author has changed it since then.
    """
    before = (PostState.WAITING, PostState.REJECTED, PostState.HIDDEN)
    locked = _lock(post, by, at, before)
    if version is not None and version != version_of(locked):
        raise PostEdited(_("The author has edited the post. Read it again first."))
    _decide(locked, PostState.ACCEPTED, "", by, at)
    posts.record(post_facts.PostAccepted(**posts.about(locked)), locked, by, at)
    return locked


@transaction.atomic
def reject(*, post: Post, reason: str, by: Staff, at: datetime) -> Post:
    """Refuse a post that waits, for a reason that its author reads."""
    reason = terms.clean_reason(reason)
    locked = _lock(post, by, at, (PostState.WAITING,))
    _decide(locked, PostState.REJECTED, reason, by, at)
    posts.record(post_facts.PostRejected(**posts.about(locked)), locked, by, at)
    return locked


@transaction.atomic
def hide(*, post: Post, reason: str, by: Staff, at: datetime) -> Post:
    """Hide an accepted post, for a reason that its author reads; it is no longer featured."""
    reason = terms.clean_reason(reason)
    locked = _lock(post, by, at, (PostState.ACCEPTED,))
    _decide(locked, PostState.HIDDEN, reason, by, at)
    posts.record(post_facts.PostHidden(**posts.about(locked)), locked, by, at)
    return locked


@transaction.atomic
def feature(*, post: Post, by: Staff, at: datetime) -> Post:
    """Put an accepted post among the best. Raises NoConsent without that of its author."""
    locked = _lock(post, by, at, (PostState.ACCEPTED,))
    if locked.is_featured:
        return locked
    check_consent(locked, Use.FEATURE)
    locked.featured_at, locked.featured_by = at, by
    locked.save(update_fields=["featured_at", "featured_by"])
    posts.record(post_facts.PostFeatured(**posts.about(locked)), locked, by, at)
    return locked


@transaction.atomic
def unfeature(*, post: Post, by: Staff, at: datetime) -> Post:
    locked = _lock(post, by, at, (PostState.ACCEPTED,))
    locked.featured_at = locked.featured_by = None
    locked.save(update_fields=["featured_at", "featured_by"])
    return locked


def version_of(post: Post, pictures: Iterable[str] | None = None) -> str:
    """A text that changes with what members read of a post.

    `pictures` are the codes of its pictures in their order, as far as they are known.
    """
    if pictures is None:
        pictures = post.pictures.order_by("number").values_list("code", flat=True)
    parts = (post.text, post.product, str(post.rating or ""), *pictures)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def check_consent(post: Post, use: Use) -> None:
    """Raise NoConsent unless the author consents now. Call it with the post locked."""
    if not consents.has(post, use):
        raise NoConsent(
            _("The author has not consented to “%(use)s”. Ask them first.")
            % {"use": use.label}
        )


def check_may_decide(post: Post, by: Staff, at: datetime) -> None:
    """Raise for an activity or an author that `by` does not see."""
    activities.check_may_run(by, post.activity)
    visibility.check_visible(by=by, accounts=[post.account_id], at=at)


def lock_in(post: Post, states: Collection[PostState]) -> Post:
    """The post, locked. Raises PostDecided in another state."""
    locked = posts.lock(post)
    if locked.state not in states:
        raise posts.PostDecided(
            _("The post is %(state)s. Open the page again.")
            % {"state": locked.get_state_display()}
        )
    return locked


def _lock(post: Post, by: Staff, at: datetime, states: Collection[PostState]) -> Post:
    check_may_decide(post, by, at)
    return lock_in(post, states)


def _decide(post: Post, state: PostState, reason: str, by: Staff, at: datetime) -> None:
    post.state, post.reason, post.decided_at, post.decided_by = state, reason, at, by
    if state != PostState.ACCEPTED:
        post.featured_at = post.featured_by = None
    post.save(
        update_fields=[
            "state",
            "reason",
            "decided_at",
            "decided_by",
            "featured_at",
            "featured_by",
        ]
    )
