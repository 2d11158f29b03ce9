"""Posts that other members read: accepted ones, and the best of all activities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _

from qunce.activities import eligibility, readers
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import PUBLISHED, Activity
from qunce.activities.posts import consents, terms
from qunce.activities.posts.models import Post, PostPicture, PostState
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.personal_links import masked_names

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

PAGE, MAX_WORDS, MAX_WORD, MAX_PAGE = 10, 5, 40, 1_000


class InvalidState(errors.Invalid):
    """There is no such state of posts."""


@dataclass(frozen=True, kw_only=True)
class PublicPost:
    """What members read of a post: `name` is masked without consent to being named."""

    post: Post
    name: str
    pictures: tuple[PostPicture, ...]


@dataclass(frozen=True, kw_only=True)
class PublicPage:
    """Posts of a page; `number` is that of the page, the first one is 1."""

    rows: tuple[PublicPost, ...]
    number: int
    has_more: bool


def list_accepted(
    activity: Activity, *, at: datetime, number: int = 1, limit: int = PAGE
) -> PublicPage:
    """The accepted posts of an activity, the newest first."""
    rows = Post.objects.filter(activity=activity, state=PostState.ACCEPTED)
    return _page(rows.order_by("-at", "-pk"), number, limit, at)


def search_featured(
    community: Community,
    *,
    accounts: Sequence[int],
    words: str = "",
    number: int = 1,
    at: datetime,
) -> PublicPage:
    """The best posts that a visitor with these accounts may read, the newest first.

    Each word, up to MAX_WORDS, is in the text or the product. Posts of activities for
    certain groups are only for those who are in one.
    """
    rows = Post.objects.filter(
        activity__in=_readable(community, accounts),
        state=PostState.ACCEPTED,
        featured_at__isnull=False,
    )
    for word in words.split()[:MAX_WORDS]:
        part = word[:MAX_WORD]
        rows = rows.filter(
            models.Q(text__icontains=part) | models.Q(product__icontains=part)
        )
    return _page(rows.order_by("-featured_at", "-pk"), number, PAGE, at)


def may_read(activity: Activity, accounts: Sequence[int]) -> bool:
    """Whether a visitor with these accounts reads the posts of an activity."""
    return _readable(activity.community, accounts).filter(pk=activity.pk).exists()


def _readable(
    community: Community, accounts: Sequence[int]
) -> models.QuerySet[Activity]:
    rows = Activity.objects.filter(
        community=community, kind=terms.KIND, state__in=PUBLISHED
    )
    return readers.filter_readable(rows, accounts)


def _page(
    rows: models.QuerySet[Post], number: int, limit: int, at: datetime
) -> PublicPage:
    """A page of the posts of people who count."""
    number = min(max(number, 1), MAX_PAGE)
    start = (number - 1) * limit
    found = list(rows.select_related("activity__community")[start : start + limit + 1])
    shown = _counted(found[:limit], at)
    return PublicPage(
        rows=tuple(present(shown)), number=number, has_more=len(found) > limit
    )


def _counted(rows: Sequence[Post], at: datetime) -> list[Post]:
    """Those of people who count: not blacklisted, erased or struck out."""
    if not rows:
        return []
    accounts = {row.account_id for row in rows}
    community = rows[0].activity.community
    left_out = set(eligibility.find_uncounted(community, accounts, at=at))
    struck = {
        (activity.pk, account)
        for activity in {row.activity for row in rows}
        for account in entries.find_struck_out(activity, accounts)
    }
    return [
        row
        for row in rows
        if row.account_id not in left_out
        and (row.activity_id, row.account_id) not in struck
    ]


def is_counted(post: Post, at: datetime) -> bool:
    return bool(_counted([post], at))


def present(rows: Sequence[Post]) -> list[PublicPost]:
    """The posts with their pictures, and the names that others may read."""
    names = account_queries.names_of_people([row.account_id for row in rows])
    named = consents.find_named(rows)
    pictures: dict[int, list[PostPicture]] = {}
    found = PostPicture.objects.filter(post__in=[row.pk for row in rows])
    for picture in found.defer("content").order_by("number"):
        pictures.setdefault(picture.post_id or 0, []).append(picture)
    return [
        PublicPost(
            post=row,
            name=names[row.account_id]
            if row.pk in named
            else masked_names.mask(names[row.account_id]),
            pictures=tuple(pictures.get(row.pk, ())),
        )
        for row in rows
    ]


def name_of(post: Post) -> str:
    """The name of the author, as it is known."""
    names = account_queries.names_of_people([post.account_id])
    return names[post.account_id]


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, state: str = ""
) -> models.QuerySet[Post]:
    """The posts of members whom `by` sees, the newest first; in a state, or all."""
    activities.check_may_run(by, activity)
    rows = Post.objects.filter(activity=activity)
    if state:
        if state not in PostState.values:
            raise InvalidState(
                _("Choose a state: %(states)s.")
                % {"states": _(", ").join(PostState.values)}
            )
        rows = rows.filter(state=state)
    seen = visibility.filter_rows(rows, by=by, at=at)
    rows = seen.select_related("by", "decided_by", "activity__community")
    return rows.order_by("-at", "-pk")
