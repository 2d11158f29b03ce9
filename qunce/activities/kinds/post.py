"""The kind `post`: members share what they like, or review a product, with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Aim,
    Attempt,
    Cost,
    InGroup,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
    is_stricter,
)
from qunce.activities.activities.models import Activity, Way
from qunce.activities.posts import posts, reading, rewards, terms
from qunce.activities.posts.models import (
    MAX_PICTURES,
    MAX_PRODUCT,
    MAX_RATING,
    MAX_TEXT,
    MIN_RATING,
    Post,
    PostState,
    Use,
)
from qunce.activities.topics import hashtag_settings, hashtags
from qunce.core import errors
from qunce.members.accounts import queries as account_queries

KEY = terms.KIND
KEYWORDS = ("种草", "测评", "my post", "my review")
SHOWN_ON_PAGE = 6
MAX_POSTS, MAX_POINTS = 100, 100_000

SETTINGS = (
    SettingField(
        name="asks_review",
        label=gettext_lazy("Ask for a product and a rating"),
        type="yes_no",
        default=False,
        help=gettext_lazy("Members can leave both out."),
    ),
    SettingField(
        name="hashtag",
        label=gettext_lazy("Hashtag"),
        max_length=hashtag_settings.MAX_SETTING,
        help=gettext_lazy(
            "A message with it in the chat becomes a post. Letters and digits, without "
            "spaces; empty for none."
        ),
    ),
    SettingField(
        name="staff_accept",
        label=gettext_lazy("Staff accept a post before others read it"),
        type="yes_no",
        default=True,
        help=gettext_lazy(
            "What a rule of moderation finds waits for staff in any case."
        ),
    ),
    SettingField(
        name="most_posts",
        label=gettext_lazy("Posts of a person, at most"),
        type="number",
        default=3,
        least=1,
        most=MAX_POSTS,
        none_label=gettext_lazy("no limit"),
    ),
    SettingField(
        name="points",
        label=gettext_lazy("Points for a rewarded post"),
        type="number",
        default=0,
        most=MAX_POINTS,
        help=gettext_lazy(
            "Staff choose which posts are rewarded. These are marked as rewarded "
            "wherever they are shown."
        ),
    ),
    SettingField(
        name="most_rewards",
        label=gettext_lazy("Rewards, at most"),
        type="number",
        default=20,
        least=1,
        most=1_000_000,
        none_label=gettext_lazy("no limit"),
        help=gettext_lazy("How often the points are given in all. Members read this."),
    ),
)


class NotSettled(errors.Refused):
    """Posts wait for a decision."""


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Store a post, with what a form sent beside its text."""
    try:
        words = terms.clean(_clean(attempt))
        if attempt.is_rehearsal:
            return Reply(text=_received(is_accepted=False))
        posts.check_may_write(attempt.activity, attempt.accounts)
        post = posts.write(attempt, words.text)
    except terms.InvalidPost as error:
        return Reply(text=str(error), accepted=False, code="words")
    except posts.TooManyPosts as error:
        return Reply(text=str(error), accepted=False, code="repeated")
    text = _received(is_accepted=post.state == PostState.ACCEPTED)
    if attempt.way == Way.CHAT:
        text += " " + _(
            "On the page of “%(name)s” you choose what we may do with it, and delete it."
        ) % {"name": attempt.activity.name}
    return Reply(
        text=text,
        in_group=InGroup.NOTHING if attempt.is_heard else InGroup.RECEIVED,
    )


def _received(*, is_accepted: bool) -> str:
    if is_accepted:
        return _("Thank you. Others can read your post now.")
    return _("Thank you. Our staff read your post before others do.")


def _clean(attempt: Attempt) -> str:
    """What is said, without the hashtag in a chat."""
    said, hashtag = attempt.said, hashtag_settings.key_of(attempt.activity)
    if hashtag and attempt.way in (Way.CHAT, Way.PASTE):
        found = hashtags.find(said)
        if hashtag in found:
            return hashtags.remove(said, hashtag)
    return said


def listens(activity: Activity, text: str) -> str | None:
    """A message with the hashtag of the activity, wherever it stands."""
    key = hashtag_settings.key_of(activity)
    if not key or not any(sign in text for sign in hashtags.SIGNS):
        return None
    return text if key in hashtags.find(text[:MAX_TEXT]) else None


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings, lines = activity.settings, []
    if has_page:
        lines.append(
            _("Write a text of up to %(n)s characters, with up to %(most)s pictures.")
            % {"n": f"{MAX_TEXT:,}", "most": MAX_PICTURES}
        )
    hashtag = hashtag_settings.read(activity)
    if hashtag:
        text = _("In the group, write with #%(hashtag)s#.")
        lines.append(text % {"hashtag": hashtag})
    else:
        text = _("In the group, write “%(keyword)s” and your text.")
        lines.append(text % {"keyword": POST.keyword})
    lines.append(
        _("Our staff read a post before others do.")
        if settings["staff_accept"]
        else _("Others read a post immediately, unless our staff have to look first.")
    )
    if (most := settings["most_posts"]) is not None:
        text = ngettext(
            "You can write %(n)s post.", "You can write up to %(n)s posts.", most
        )
        lines.append(text % {"n": f"{most:,}"})
    if settings["points"]:
        lines.append(_reward_line(settings))
    lines.append(
        _(
            "What else we may do with your post, you choose yourself, and you can "
            "withdraw it at any time."
        )
    )
    return lines


def _reward_line(settings: Mapping[str, Any]) -> str:
    values = {"n": f"{settings['points']:,}"}
    if (most := settings["most_rewards"]) is None:
        text = _(
            "Our staff choose posts that get %(n)s points. These are marked as rewarded."
        )
        return text % values
    text = ngettext(
        "Our staff choose at most %(most)s post that gets %(n)s points. It is marked as "
        "rewarded.",
        "Our staff choose at most %(most)s posts that get %(n)s points. These are marked "
        "as rewarded.",
        most,
    )
    return text % (values | {"most": f"{most:,}"})


def describe_state(activity: Activity) -> str:
    """How many posts others can read, for a group."""
    count = Post.objects.filter(activity=activity, state=PostState.ACCEPTED).count()
    text = ngettext("%(n)s post to read.", "%(n)s posts to read.", count)
    return text % {"n": f"{count:,}"}


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The newest accepted posts, and the visitor's own ones."""
    own: Sequence[Post] = ()
    accounts: Sequence[int] = ()
    may_write = False
    if account_id is not None:
        accounts = account_queries.account_ids_of_person(account_id)
        own = posts.list_own(activity, accounts)
        most = activity.settings["most_posts"]
        standing = [post for post in own if post.state in posts.STANDING]
        may_write = most is None or len(standing) < most
    readable = reading.may_read(activity, accounts)
    page = reading.list_accepted(activity, at=at, limit=SHOWN_ON_PAGE)
    return {
        "posts": page.rows if readable else (),
        "has_more": page.has_more and readable,
        "own_posts": own,
        "may_write": may_write,
        "typed": {"text": "", "product": "", "rating": "", "uses": ()},
        "asks_review": activity.settings["asks_review"],
        "uses": list(Use),
        "ratings": range(MAX_RATING, MIN_RATING - 1, -1),
        "max_text": MAX_TEXT,
        "max_product": MAX_PRODUCT,
        "max_pictures": MAX_PICTURES,
        "left": rewards.count_left(activity) if activity.settings["points"] else None,
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    """Raise InvalidSetting unless the hashtag is read as one."""
    hashtag_settings.check_valid(settings)


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise if another open activity has the hashtag."""
    hashtag_settings.check_free(activity)


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Posts and rewards become more, and the hashtag stays."""
    hashtag_settings.check_same(before, after)
    if after["points"] < before["points"]:
        raise NotBetter(_("The points for a rewarded post cannot decrease."))
    if before["points"] and is_stricter(before["most_rewards"], after["most_rewards"]):
        raise NotBetter(_("The number of rewards cannot decrease."))
    if is_stricter(before["most_posts"], after["most_posts"]):
        raise NotBetter(_("The number of posts of a person cannot decrease."))
    if before["staff_accept"] and not after["staff_accept"]:
        raise NotBetter(
            _("Members have read that staff look first. That cannot change any more.")
        )


def check_settleable(activity: Activity, at: datetime) -> None:
    """Raise while posts wait for a decision."""
    waiting = Post.objects.filter(activity=activity, state=PostState.WAITING).count()
    if waiting:
        text = ngettext(
            "%(n)s post waits for a decision. Accept or reject it first.",
            "%(n)s posts wait for a decision. Accept or reject them first.",
            waiting,
        )
        raise NotSettled(text % {"n": f"{waiting:,}"})


def highest_cost(activity: Activity) -> Cost:
    settings = activity.settings
    if not settings["points"]:
        return Cost()
    most = settings["most_rewards"]
    return Cost(points=None if most is None else most * settings["points"])


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """People who wrote, and how many of their posts were accepted, featured, rewarded."""
    accounts = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(accounts)
    rows = [
        row
        for row in Post.objects.filter(activity=activity).defer("text")
        if row.account_id in person_of
    ]
    accepted = [row for row in rows if row.state == PostState.ACCEPTED]
    return [
        Metric(
            key="authors",
            label=gettext_lazy("People who wrote a post"),
            value=len({person_of[row.account_id] for row in rows}),
        ),
        Metric(
            key="accepted",
            label=gettext_lazy("Posts that others read"),
            value=len(accepted),
        ),
        Metric(
            key="featured",
            label=gettext_lazy("Featured posts"),
            value=sum(row.is_featured for row in accepted),
        ),
        Metric(
            key="rewarded",
            label=gettext_lazy("Rewarded posts"),
            value=sum(row.is_rewarded for row in rows),
        ),
    ]


POST = kind_contract.register(
    Kind(
        key=KEY,
        label=pgettext_lazy("kind of activity", "posts and reviews"),
        description=gettext_lazy(
            "Members write posts with pictures, or review a product. Staff accept, feature "
            "and reward the best; each use needs the consent of the author."
        ),
        keywords=KEYWORDS,
        take_part=take_part,
        describe=describe,
        describe_state=describe_state,
        metrics=metrics,
        aim=Aim.VOICE,
        portal_template="portal/activities/_post.html",
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        check_settleable=check_settleable,
        highest_cost=highest_cost,
        portal_context=portal_context,
        listens=listens,
        listens_to_all=True,
        max_said=MAX_TEXT,
        may_close_early=True,
    )
)
