"""What members do with posts on the page. Each verb checks the rung of the visitor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.activities import eligibility
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.kinds.base import Reply
from qunce.activities.posts import consents, posts, reading, terms
from qunce.activities.posts.models import Post, PostPicture
from qunce.activities.posts.posts import Form
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions as activity_actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published activity for posts; another one is answered like an unknown one."""
    activity = activity_actions.get(visitor, public_id)
    if activity.kind != terms.KIND:
        raise activities.not_found()
    return activity


def require(visitor: Visitor, public_id: str) -> tuple[Activity, int]:
    """The activity, and the visitor's account with a link for it or signed in."""
    activity = get(visitor, public_id)
    purpose = activity_actions.purpose_of(activity)
    return activity, rungs.require(visitor, Rung.LINK, purpose=purpose)


def list_accounts(visitor: Visitor, activity: Activity | None = None) -> list[int]:
    """All accounts of the visitor, as far as the page knows who they are."""
    account = visitor.account_id
    if activity is not None:
        account = activity_actions.account_of(visitor, activity) or account
    return [] if account is None else account_queries.account_ids_of_person(account)


def write(
    *,
    visitor: Visitor,
    public_id: str,
    text: str,
    form: Form,
    key: str,
    served: str,
    at: datetime,
) -> Reply:
    """Write a post with its pictures and consents, by the verb of all ways.

    Raises InvalidPost or InvalidPicture for what the form has beside the text.
    """
    activity, account = require(visitor, public_id)
    draft = None
    is_known = activity_actions.find_answer(activity, account, key) is not None
    if key and not is_known and eligibility.judge_time(activity, at) is None:
        draft = posts.save_draft(
            activity=activity, account_id=account, key=key, form=form, at=at
        )
    try:
        return activity_actions.take_part(
            visitor=visitor,
            public_id=public_id,
            said=text,
            key=key,
            served=served,
            at=at,
        )
    finally:
        posts.discard(draft)


def get_own(visitor: Visitor, public_id: str, code: str) -> Post:
    """The visitor's own post. Raises PostNotFound."""
    activity, account = require(visitor, public_id)
    accounts = account_queries.account_ids_of_person(account)
    post = posts.find_own(activity, accounts, code)
    if post is None:
        raise posts.not_found()
    return post


def find_readable(visitor: Visitor, public_id: str, code: str, at: datetime) -> Post:
    """A post that the visitor may read: their own, or an accepted one.

    Everything else is answered like an unknown one.
    """
    activity = get(visitor, public_id)
    account = activity_actions.account_of(visitor, activity)
    if account is not None:
        accounts = account_queries.account_ids_of_person(account)
        if (own := posts.find_own(activity, accounts, code)) is not None:
            return own
    post = posts.find_accepted(activity, code)
    if (
        post is None
        or not reading.may_read(activity, list_accounts(visitor, activity))
        or not reading.is_counted(post, at)
    ):
        raise posts.not_found()
    return post


def is_own(visitor: Visitor, post: Post) -> bool:
    account = activity_actions.account_of(visitor, post.activity)
    return account is not None and account in posts.list_accounts(post)


def get_picture(
    visitor: Visitor, public_id: str, code: str, picture: str, at: datetime
) -> PostPicture:
    """A picture of a post that the visitor may read. Raises PostNotFound."""
    post = find_readable(visitor, public_id, code, at)
    found = PostPicture.objects.filter(post=post, code=picture).first()  # unique
    if found is None:
        raise posts.not_found()
    return found


def edit(
    *,
    visitor: Visitor,
    public_id: str,
    code: str,
    text: str,
    form: Form,
    kept: Sequence[str],
    at: datetime,
) -> None:
    """Edit the visitor's own post while it waits."""
    post = get_own(visitor, public_id, code)
    posts.edit(post=post, text=text, form=form, kept=kept, at=at)


def choose_uses(
    *, visitor: Visitor, public_id: str, code: str, uses: Sequence[str], at: datetime
) -> None:
    """Consent to these uses of the visitor's own post, and withdraw the others."""
    post = get_own(visitor, public_id, code)
    consents.choose(post=post, uses=uses, at=at)


def delete(*, visitor: Visitor, public_id: str, code: str, at: datetime) -> None:
    """Delete the visitor's own post with its pictures."""
    posts.delete(post=get_own(visitor, public_id, code), at=at)
