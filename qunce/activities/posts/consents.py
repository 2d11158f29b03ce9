"""Consents to uses of a post: each given apart, withdrawn at any time, with its times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.posts import post_facts, terms
from qunce.activities.posts.models import (
    Post,
    PostConsent,
    PostMaterial,
    PostState,
    Use,
)
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.guards import use_checks
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


class CannotConsent(errors.Refused):
    """The post was deleted, or the consent was received in the future or withdrawn since."""


# Verbs


def start(
    post: Post,
    uses: Sequence[Use],
    received_at: datetime | None,
    *,
    by: Staff | None,
    at: datetime,
) -> None:
    """The consents that a new post comes with, in the transaction that stores it."""
    if by is not None and uses:
        received_at = received_at or at
        _check_received(received_at, at)
    for use in uses:
        _give(post, use, received_at if by is not None else None, by=by, at=at)


@transaction.atomic
def choose(*, post: Post, uses: Iterable[str], at: datetime) -> None:
    """What the author consents to from now on; what is not among `uses` is withdrawn."""
    chosen = terms.clean_uses(uses)
    locked = _lock(post)
    active = set(list_active(locked))
    for use in Use:
        if use in chosen and use not in active:
            _give(locked, use, None, by=None, at=at)
        if use not in chosen and use in active:
            _withdraw(locked, use, at=at)


@transaction.atomic
def confirm(
    *,
    post: Post,
    uses: Iterable[str],
    received_at: datetime,
    by: Staff,
    at: datetime,
) -> None:
    """Confirm consents that staff received elsewhere, and when; none is withdrawn.

    Raises CannotConsent for one that the author has withdrawn since then.
    """
    _check_may_run(post, by, at)
    _check_received(received_at, at)
    chosen = terms.clean_uses(uses)
    if not chosen:
        raise terms.InvalidPost(_("Choose the uses that the author consented to."))
    locked = _lock(post)
    active = set(list_active(locked))
    given = [use for use in chosen if use not in active]
    _check_not_withdrawn(locked, given, received_at)
    for use in given:
        _give(locked, use, received_at, by=by, at=at)


@transaction.atomic
def withdraw(*, post: Post, use: str, by: Staff, at: datetime) -> None:
    """Withdraw a consent for an author who asks staff to."""
    _check_may_run(post, by, at)
    (chosen,) = terms.clean_uses([use])
    _withdraw(_lock(post), chosen, by=by, at=at)


def withdraw_all(post: Post, *, at: datetime, is_recorded: bool = True) -> None:
    """Withdraw whatever the author consented to, in the transaction that deletes a post."""
    for use in list_active(post):
        _withdraw(post, use, at=at, is_recorded=is_recorded)


def _give(
    post: Post,
    use: Use,
    received_at: datetime | None,
    *,
    by: Staff | None,
    at: datetime,
) -> None:
    PostConsent.objects.create(
        post=post, use=use, given_at=at, by=by, received_at=received_at
    )
    fact = post_facts.PostConsentGiven(
        activity=post.activity_id, post=post.pk, use=use, account=post.account_id
    )
    facts.record(fact, community=post.activity.community, by=by, at=at)


def _withdraw(
    post: Post,
    use: Use,
    *,
    at: datetime,
    by: Staff | None = None,
    is_recorded: bool = True,
) -> None:
    """Withdraw a consent; without the one to be featured, a post is no longer featured."""
    rows = PostConsent.objects.filter(post=post, use=use, withdrawn_at__isnull=True)
    if not rows.update(withdrawn_at=at):
        return
    if use == Use.FEATURE:
        Post.objects.filter(pk=post.pk).update(featured_at=None, featured_by=None)
    if not is_recorded:
        return
    fact = post_facts.PostConsentWithdrawn(
        activity=post.activity_id, post=post.pk, use=use, account=post.account_id
    )
    facts.record(fact, community=post.activity.community, by=by, at=at)


def _lock(post: Post) -> Post:
    """The post, locked. Raises CannotConsent for a deleted one."""
    rows = Post.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("activity__community").get(pk=post.pk)
    if locked.state == PostState.DELETED:
        raise CannotConsent(_("The post was deleted."))
    return locked


def _check_may_run(post: Post, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, post.activity)
    visibility.check_visible(by=by, accounts=[post.account_id], at=at)


def _check_received(received_at: datetime, at: datetime) -> None:
    if received_at > at:
        raise CannotConsent(
            _("“Received” is in the future. Enter when the author consented.")
        )


def _check_not_withdrawn(
    post: Post, uses: Iterable[Use], received_at: datetime
) -> None:
    """Raise CannotConsent for a use that the author withdrew when or after they gave it."""
    rows = PostConsent.objects.filter(post=post, withdrawn_at__gte=received_at)
    withdrawn = set(rows.values_list("use", flat=True))
    for use in uses:
        if use in withdrawn:
            raise CannotConsent(
                _("The author has withdrawn “%(use)s” since then. Ask them again.")
                % {"use": use.label}
            )


# Reads


def list_active(post: Post) -> list[Use]:
    """The uses that the author consents to now."""
    rows = PostConsent.objects.filter(post=post, withdrawn_at__isnull=True)
    active = set(rows.values_list("use", flat=True))
    return [use for use in Use if use in active]


def has(post: Post, use: Use) -> bool:
    rows = PostConsent.objects.filter(post=post, use=use, withdrawn_at__isnull=True)
    return rows.exists()


def find_named(posts: Iterable[Post]) -> set[int]:
    """Those of the posts that may be shown with the name of their author."""
    rows = PostConsent.objects.filter(
        post__in=[post.pk for post in posts],
        use=Use.NAME,
        withdrawn_at__isnull=True,
    )
    return set(rows.values_list("post_id", flat=True))


def list_history(post: Post) -> list[PostConsent]:
    """All consents of a post, the oldest first."""
    rows = PostConsent.objects.filter(post=post).select_related("by")
    return list(rows.order_by("given_at", "pk"))


@use_checks.register("material")
def why_not_usable(material_id: int) -> str:
    """Why a material that was made of a post cannot be sent, "" if it can.

    It is also "" for a material that was made of something else.
    """
    rows = PostMaterial.objects.filter(material_id=material_id)
    made = rows.select_related("post").first()  # unique
    if made is None:
        return ""
    if made.post.state == PostState.DELETED:
        return _("The post that it was made of was deleted.")
    if made.post.state != PostState.ACCEPTED:
        return _("The post that it was made of is hidden.")
    active = list_active(made.post)
    if Use.MATERIAL not in active:
        return _("Its author does not consent to this use any more.")
    if made.has_name and Use.NAME not in active:
        return _("Its author does not consent to being named any more.")
    return ""


def labels() -> Mapping[str, str]:
    return {use.value: str(use.label) for use in Use}


def find_active(posts: Iterable[Post]) -> dict[int, list[str]]:
    """Post → the uses that its author consents to now."""
    rows = PostConsent.objects.filter(
        post__in=[post.pk for post in posts], withdrawn_at__isnull=True
    )
    found: dict[int, list[str]] = {}
    for post, use in rows.order_by("pk").values_list("post_id", "use"):
        found.setdefault(post, []).append(use)
    return found
