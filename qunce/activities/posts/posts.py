"""Posts: written, edited until they are accepted, and deleted by their author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.posts import consents, judging, post_facts, terms
from qunce.activities.posts.models import (
    MAX_PICTURES,
    Post,
    PostDraft,
    PostPicture,
    PostState,
)
from qunce.activities.posts.pictures import Encoded, check_count
from qunce.core import errors
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

RETENTION_DRAFT = timedelta(hours=1)
"""What a process that was killed left of a form is deleted with the next form."""
STANDING = (PostState.WAITING, PostState.ACCEPTED, PostState.HIDDEN)
"""Posts that count towards how many a person can write."""


class PostNotFound(errors.NotFound):
    """There is no such post, or it is of a member whom the reader does not see."""


class TooManyPosts(errors.Refused):
    """The person has written as many posts as the activity takes."""


class PostDecided(errors.Refused):
    """The post is in a state in which this cannot be done."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is sent beside the text: `uses` are those that are consented to.

    `received_at` is when staff received the consents that they confirm.
    """

    product: str = ""
    rating: str | int | None = None
    uses: Sequence[str] = ()
    pictures: Sequence[Encoded] = ()
    received_at: datetime | None = None


def not_found() -> PostNotFound:
    """The error for what does not exist, is hidden, or is another activity's."""
    return PostNotFound(_("There is no such post."))


# Writing


@transaction.atomic
def save_draft(
    *, activity: Activity, account_id: int, key: str, form: Form, at: datetime
) -> PostDraft | None:
    """Keep what was sent with a form, of which taking part with this key makes a post.

    None if the same form is being sent already. Call `discard` when the attempt is over.
    """
    check_count(len(form.pictures))
    # The text is judged when it is written; the product and the rating are stored here.
    words = terms.clean(".", product=form.product, rating=form.rating)
    uses = terms.clean_uses(form.uses)
    old = PostDraft.objects.filter(activity=activity, at__lt=at - RETENTION_DRAFT)
    old.delete()
    try:
        with transaction.atomic():
            draft = PostDraft.objects.create(
                activity=activity,
                account_id=account_id,
                key=f"{account_id}:{key}",
                product=words.product,
                rating=words.rating,
                uses=",".join(uses),
                received_at=form.received_at,
                at=at,
            )
    except IntegrityError:
        return None
    _add_pictures(form.pictures, draft=draft)
    return draft


def discard(draft: PostDraft | None) -> None:
    """Delete what was not made a post of, with its pictures."""
    if draft is not None:
        PostDraft.objects.filter(pk=draft.pk).delete()


def _add_pictures(
    encoded: Sequence[Encoded],
    *,
    post: Post | None = None,
    draft: PostDraft | None = None,
    after: int = 0,
) -> None:
    PostPicture.objects.bulk_create(
        PostPicture(
            post=post,
            draft=draft,
            number=number,
            content=each.content,
            width=each.width,
            height=each.height,
        )
        for number, each in enumerate(encoded, start=after + 1)
    )


def write(attempt: Attempt, text: str) -> Post:
    """Store a post, in the transaction of `take_part`; raises InvalidPost or TooManyPosts.

    The person's entry is locked, so that of two posts at the same time the second one sees
    the first. What a rule of moderation finds waits for staff, whatever the settings are.
    """
    activity = attempt.activity
    draft = PostDraft.objects.filter(
        activity=activity, key=attempt.key
    ).first()  # unique
    words = terms.clean(
        text,
        product=draft.product if draft else "",
        rating=draft.rating if draft else None,
    )
    entry = entries.join(attempt).entry
    Entry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    own = Post.objects.filter(activity=activity, account_id__in=attempt.accounts)
    check_may_write(activity, attempt.accounts)
    if own.filter(text=words.text, state__in=STANDING).exists():
        raise TooManyPosts(_("You have written this already."))
    pictures = list(PostPicture.objects.filter(draft=draft)) if draft else []
    found = judging.find(
        activity, words, [bytes(each.content) for each in pictures], attempt.at
    )
    post = Post.objects.create(
        activity=activity,
        account_id=attempt.account_id,
        person_id=attempt.person_id,
        text=words.text,
        product=words.product,
        rating=words.rating,
        state=_first_state(activity, found),
        found=found,
        source=attempt.way,
        group_id=attempt.group_id,
        message_key=attempt.key.partition(":")[2] if attempt.way == Way.CHAT else "",
        at=attempt.at,
        by=attempt.by,
    )
    record(post_facts.PostWritten(**about(post)), post, attempt.by, attempt.at)
    if draft is not None:
        PostPicture.objects.filter(draft=draft).update(post=post, draft=None)
        uses = terms.clean_uses(filter(None, draft.uses.split(",")))
        consents.start(post, uses, draft.received_at, by=attempt.by, at=attempt.at)
        discard(draft)
    return post


def _first_state(activity: Activity, found: str) -> PostState:
    if found or activity.settings["staff_accept"]:
        return PostState.WAITING
    return PostState.ACCEPTED


def check_may_write(activity: Activity, accounts: Sequence[int]) -> None:
    """Raise TooManyPosts for a person with as many posts as the activity takes."""
    most = activity.settings["most_posts"]
    own = Post.objects.filter(
        activity=activity, account_id__in=accounts, state__in=STANDING
    )
    if most is not None and own.count() >= most:
        text = ngettext(
            "You have written %(n)s post, the most that one person can write here.",
            "You have written %(n)s posts, the most that one person can write here.",
            most,
        )
        raise TooManyPosts(text % {"n": f"{most:,}"})


# What the author does


@transaction.atomic
def edit(
    *,
    post: Post,
    text: str,
    form: Form,
    kept: Sequence[str],
    at: datetime,
) -> Post:
    """Replace a post that waits, by its author. `kept` are the codes of its pictures.

    Raises PostDecided once staff have decided. Consents are changed by `consents`.
    """
    locked = lock(post)
    if locked.state != PostState.WAITING:
        raise PostDecided(
            _("The post is %(state)s, so it cannot be edited. Open the page again.")
            % {"state": locked.get_state_display()}
        )
    words = terms.clean(text, product=form.product, rating=form.rating)
    stays = list(locked.pictures.filter(code__in=list(kept)[:MAX_PICTURES]))
    check_count(len(stays) + len(form.pictures))
    locked.pictures.exclude(pk__in=[each.pk for each in stays]).delete()
    last = max((each.number for each in stays), default=0)
    _add_pictures(form.pictures, post=locked, after=last)
    contents = [bytes(each.content) for each in locked.pictures.order_by("number")]
    found = judging.find(locked.activity, words, contents, at)
    locked.text, locked.product, locked.rating = words.text, words.product, words.rating
    locked.found, locked.edited_at = found, at
    locked.save(update_fields=["text", "product", "rating", "found", "edited_at"])
    return locked


@transaction.atomic
def delete(*, post: Post, at: datetime) -> None:
    """Delete the text and the pictures of a post, by its author.

    What it was rewarded with stays. Materials that were made of it are not sent any more.
    """
    locked = lock(post)
    if locked.state == PostState.DELETED:
        return
    consents.withdraw_all(locked, at=at)
    clear(locked)
    record(post_facts.PostDeleted(**about(locked)), locked, None, at)


def clear(post: Post) -> None:
    """Leave that there was a post, and nothing of what it was."""
    post.pictures.all().delete()
    Post.objects.filter(pk=post.pk).update(
        state=PostState.DELETED,
        text="",
        product="",
        rating=None,
        found="",
        reason="",
        featured_at=None,
        featured_by=None,
        message_key="",
    )


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: that they wrote is counted, what they wrote is gone."""
    gone = {fact.account for fact in facts if fact.account is not None}
    PostDraft.objects.filter(
        account_id__in=gone, activity__community=community
    ).delete()
    for post in Post.objects.filter(account_id__in=gone, activity__community=community):
        consents.withdraw_all(post, at=at, is_recorded=False)
        clear(post)


# Reads and parts of verbs


def lock(post: Post) -> Post:
    """The post as it is; nobody else changes it until the transaction ends."""
    rows = Post.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("activity__community").get(pk=post.pk)


def about(post: Post) -> dict[str, int]:
    return {
        "activity": post.activity_id,
        "post": post.pk,
        "account": post.account_id,
    }


def record(
    fact: post_facts.PostFact, post: Post, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=post.activity.community, by=by, at=at)


def check_post_activity(activity: Activity) -> None:
    """Raise ActivityNotFound for another kind of activity."""
    if activity.kind != terms.KIND:
        raise activities.not_found()


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Post:
    """The post with this number of a member whom `by` sees. Raises PostNotFound."""
    activities.check_may_run(by, activity)
    rows = Post.objects.filter(activity=activity, pk=pk)
    found = rows.select_related("activity__community").first()  # unique
    if found is None or not visibility.filter_accounts(
        by=by, accounts=[found.account_id], at=at
    ):
        raise not_found()
    return found


def find_own(activity: Activity, accounts: Sequence[int], code: str) -> Post | None:
    """A post of the person that they have not deleted."""
    rows = Post.objects.filter(activity=activity, account_id__in=accounts, code=code)
    rows = rows.exclude(state=PostState.DELETED)
    return rows.select_related("activity__community").first()  # unique


def list_own(activity: Activity, accounts: Sequence[int]) -> list[Post]:
    """The posts of a person that they have not deleted, the newest first."""
    rows = Post.objects.filter(activity=activity, account_id__in=accounts)
    rows = rows.exclude(state=PostState.DELETED).prefetch_related("consents")
    return list(rows.order_by("-at", "-pk")[:50])


def list_of_message(community: Community, key: str) -> list[Post]:
    """The posts that a message of a chat was, without deleted ones."""
    rows = Post.objects.filter(message_key=key, activity__community=community)
    return list(rows.exclude(message_key="").select_related("activity__community"))


def list_accounts(post: Post) -> tuple[int, ...]:
    """All accounts of the author."""
    return tuple(account_queries.account_ids_of_person(post.account_id))


def find_accepted(activity: Activity, code: str) -> Post | None:
    """The accepted post with this code, of an activity that members see."""
    rows = Post.objects.filter(activity=activity, code=code, state=PostState.ACCEPTED)
    return rows.select_related("activity__community").first()  # unique
