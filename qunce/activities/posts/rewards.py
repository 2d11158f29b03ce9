"""Rewards of posts: each once, and the post is marked wherever it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import budget, reward_counts
from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_SENTENCE, Activity, State
from qunce.activities.points import earning
from qunce.activities.posts import decisions, post_facts, posts, terms
from qunce.activities.posts.models import Post, PostRewardCount, PostState
from qunce.core import errors, text_validation

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

REWARDABLE = (PostState.ACCEPTED, PostState.HIDDEN)


class AlreadyRewarded(errors.Refused):
    """The post has its reward."""


class NoRewardLeft(errors.Refused):
    """The activity gives no points, or has given as many rewards as it announced."""


@transaction.atomic
def reward(*, post: Post, by: Staff, at: datetime) -> Post:
    """Give the points of the activity for an accepted post, once, and mark it.

    Raises AlreadyRewarded, NoRewardLeft or BudgetExceeded, and then nothing is given.
    """
    decisions.check_may_decide(post, by, at)
    locked = decisions.lock_in(post, (PostState.ACCEPTED,))
    activity = activities.read_again(locked.activity)
    points = activity.settings["points"]
    if not points or activity.state == State.CANCELLED:
        raise NoRewardLeft(
            _("The activity gives no points for posts. Note another reward instead.")
        )
    _check_not_rewarded(locked)
    key = f"post/{activity.pk}/{locked.pk}"
    # The activity is locked by this, so that rewards are counted one after the other.
    budget.reserve(activity=activity, key=key, points=points, at=at)
    if not reward_counts.take_one(PostRewardCount.objects, activity):
        raise NoRewardLeft(_("All rewards that members read about are given."))
    _mark(locked, points=points, reward="", by=by, at=at)
    earning.award(
        account_id=locked.account_id,
        amount=points,
        key=key,
        by=None,
        at=at,
        reason=activity.name,
    )
    budget.book(activity=activity, key=key, at=at)
    return locked


@transaction.atomic
def note(*, post: Post, reward: str, by: Staff, at: datetime) -> Post:
    """Mark a post whose author got something else for it, such as a free sample."""
    cleaned = " ".join(reward.split())
    if not cleaned or len(cleaned) > MAX_SENTENCE:
        raise terms.InvalidPost(
            _("“Reward” is required, in at most %(n)s characters.")
            % {"n": MAX_SENTENCE}
        )
    if not text_validation.is_valid(cleaned):
        raise terms.InvalidPost(_("This contains characters that cannot be stored."))
    decisions.check_may_decide(post, by, at)
    locked = decisions.lock_in(post, (PostState.WAITING, *REWARDABLE))
    _check_not_rewarded(locked)
    _mark(locked, points=0, reward=cleaned, by=by, at=at)
    return locked


def _check_not_rewarded(post: Post) -> None:
    if post.is_rewarded:
        raise AlreadyRewarded(_("The post has its reward already."))


def _mark(post: Post, *, points: int, reward: str, by: Staff, at: datetime) -> None:
    rows = Post.objects.filter(pk=post.pk, rewarded_at__isnull=True)
    if not rows.update(rewarded_at=at, rewarded_by=by, points=points, reward=reward):
        raise AlreadyRewarded(_("The post has its reward already."))
    post.refresh_from_db()
    fact = post_facts.PostRewarded(**posts.about(post), points=points)
    posts.record(fact, post, by, at)


def count_left(activity: Activity) -> int | None:
    """How many rewards are left, None without a limit."""
    return reward_counts.count_left(PostRewardCount.objects, activity)
