"""The kind `topic`: a prompt that members reply to, with its hashtag in the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.activities import readers
from qunce.activities.activities import kind_contract
from qunce.activities.activities.fields import LABELS
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    InGroup,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
    is_stricter,
)
from qunce.activities.activities.models import Activity, State, Way
from qunce.activities.topics import (
    hashtag_settings,
    hashtags,
    hot_list,
    replies,
    reply_list,
    rewards,
)
from qunce.activities.topics.models import MAX_REPLY, ReplyState
from qunce.activities.topics.replies import Written
from qunce.activities.topics.rewards import Outcome
from qunce.members.accounts import queries as account_queries

KEY = replies.KIND
KEYWORDS = ("话题", "topic")
SHOWN_ON_PAGE = 10

SETTINGS = (
    SettingField(
        name="hashtag",
        label=gettext_lazy("Hashtag"),
        max_length=hashtag_settings.MAX_SETTING,
        is_required=True,
        help=gettext_lazy(
            "What members write in the chat to reply, such as #reading#. Letters and "
            "digits, without spaces."
        ),
    ),
    SettingField(
        name="points",
        label=gettext_lazy("Points for a reply"),
        type="number",
        default=0,
        most=100_000,
    ),
    SettingField(
        name="per",
        label=gettext_lazy("Points are given"),
        type="choice",
        default=rewards.PER_PERSON,
        choices=(
            (rewards.PER_PERSON, gettext_lazy("once per person")),
            (rewards.PER_DAY, gettext_lazy("once per person and day")),
        ),
    ),
    SettingField(
        name="most_rewards",
        label=gettext_lazy("Rewards, at most"),
        type="number",
        default=100,
        least=1,
        most=1_000_000,
        none_label=gettext_lazy("no limit"),
        help=gettext_lazy("How often the points are given in all. Members read this."),
    ),
)


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Store a reply, and give the points for it once."""
    activity = attempt.activity
    refusal = _judge_words(attempt)
    if refusal:
        return Reply(text=refusal, accepted=False, code="words")
    written = replies.write(attempt, replies.clean(attempt.said, activity))
    if written.row is None:
        if written.is_repeated:
            text = _("You have written this today already.")
        else:
            text = _("You have replied %(n)s times today. Go on tomorrow.")
            text %= {"n": replies.MAX_PER_DAY}
        return Reply(
            text=text, accepted=False, code="repeated", is_direct=_asks(attempt)
        )
    is_shown = written.row.state == ReplyState.SHOWN
    is_new = written.rewarded.outcome in (Outcome.GIVEN, Outcome.ALL_GIVEN)
    return Reply(
        text=_answer(written),
        # A crowd that replies in a group reads no line of us for each of its messages.
        is_direct=_asks(attempt) or not is_shown or is_new,
        in_group=InGroup.RECEIVED if _asks(attempt) else InGroup.NOTHING,
    )


def _asks(attempt: Attempt) -> bool:
    """Whether it was said to us, and not to the group with the hashtag."""
    return not attempt.is_heard


def _judge_words(attempt: Attempt) -> str:
    """Why these words are no reply to this topic, "" if they are."""
    activity = attempt.activity
    found = hashtags.find(attempt.said)
    is_own = hashtag_settings.key_of(activity) in found
    if not attempt.said.strip():
        return _("Write your reply, with %(hashtag)s in the chat.") % {
            "hashtag": hashtag_settings.written_as(activity)
        }
    if is_own or attempt.way in (Way.PORTAL, Way.STAFF):
        return ""
    if found:
        return _("This is about another topic. The hashtag here is %(hashtag)s.") % {
            "hashtag": hashtag_settings.written_as(activity)
        }
    others = _list_others(activity) if attempt.way == Way.CHAT else []
    if others:
        names = [hashtag_settings.written_as(each) for each in (activity, *others[:4])]
        text = _(
            "Several topics are open. Write with the hashtag of one: %(hashtags)s."
        )
        return text % {"hashtags": " ".join(names)}
    return ""


def _list_others(activity: Activity) -> list[Activity]:
    """The other running topics that somebody in its groups may mean."""
    own = set(activity.groups.values_list("pk", flat=True))
    rows = Activity.objects.filter(
        community=activity.community_id, kind=KEY, state=State.RUNNING
    ).exclude(pk=activity.pk)
    found = []
    for row in rows.order_by("pk"):
        groups = set(row.groups.values_list("pk", flat=True))
        if not own or not groups or own & groups:
            found.append(row)
    return found


def _answer(written: Written) -> str:
    row, rewarded = written.row, written.rewarded
    if row is not None and row.state == ReplyState.HELD:
        return _("Thank you. Our staff read your reply before others do.")
    if rewarded.outcome == Outcome.GIVEN:
        text = ngettext(
            "Your reply is in the list. You get %(n)s point.",
            "Your reply is in the list. You get %(n)s points.",
            rewarded.points,
        )
        return text % {"n": f"{rewarded.points:,}"}
    if rewarded.outcome == Outcome.ALL_GIVEN:
        return _("Your reply is in the list. The points for replies are all given.")
    return _("Your reply is in the list.")


def choose(activities: Sequence[Activity], said: str) -> Sequence[Activity]:
    """The topics whose hashtag is said; without any hashtag the first one answers."""
    found = hashtags.find(said)
    if not found:
        return activities[:1]
    return [each for each in activities if hashtag_settings.key_of(each) in found]


def listens(activity: Activity, text: str) -> str | None:
    """A message with the hashtag of the topic, wherever it stands."""
    if not any(sign in text for sign in hashtags.SIGNS):
        return None
    said = text[:MAX_REPLY]
    return said if hashtag_settings.key_of(activity) in hashtags.find(said) else None


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings, hashtag = activity.settings, hashtag_settings.written_as(activity)
    lines = [
        _("Reply here, or in the group with %(hashtag)s.")
        if has_page
        else _("Reply in the group with %(hashtag)s.")
    ]
    lines[0] %= {"hashtag": hashtag}
    if settings["points"]:
        text = (
            ngettext(
                "Your first reply of a day earns %(n)s point.",
                "Your first reply of a day earns %(n)s points.",
                settings["points"],
            )
            if settings["per"] == rewards.PER_DAY
            else ngettext(
                "Your first reply earns %(n)s point.",
                "Your first reply earns %(n)s points.",
                settings["points"],
            )
        )
        lines.append(text % {"n": f"{settings['points']:,}"})
        if settings["most_rewards"] is not None:
            text = ngettext(
                "The points are given %(n)s time, to the member who replies first.",
                "The points are given %(n)s times, to the members who reply first.",
                settings["most_rewards"],
            )
            lines.append(text % {"n": f"{settings['most_rewards']:,}"})
    if has_page:
        lines.append(_("Others read your reply with a shortened name."))
    lines.append(
        _(
            "How hot a topic is depends on how many people reply, not on how much each of "
            "them writes."
        )
    )
    return lines


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The newest replies, how many people replied, and the visitor's own held ones."""
    page = reply_list.list_public(activity, at=at, limit=SHOWN_ON_PAGE)
    own: Sequence[Any] = ()
    accounts: Sequence[int] = ()
    if account_id is not None:
        accounts = account_queries.account_ids_of_person(account_id)
        own = reply_list.list_held(activity, accounts)
    days = hot_list.DEFAULT_WINDOW
    readable = readers.may_read(activity, accounts)
    return {
        "hashtag": hashtag_settings.written_as(activity),
        "most_said": MAX_REPLY,
        "replies": page.rows if readable else (),
        "has_more": page.next is not None and readable,
        "is_readable": readable,
        "people": hot_list.count(activity, days=days, at=at),
        "days": days,
        "held": own,
        "left": rewards.count_left(activity) if activity.settings["points"] else None,
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    """Raise InvalidSetting unless the hashtag is read as one."""
    hashtag_settings.check_valid(settings)


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise unless the prompt is there, and no other open activity has the hashtag."""
    if not activity.text.strip():
        raise InvalidSetting(_("“%(field)s” is required.") % {"field": LABELS["text"]})
    hashtag_settings.check_free(activity)


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Rewards become more, and the hashtag stays."""
    hashtag_settings.check_same(before, after)
    if after["points"] < before["points"]:
        raise NotBetter(_("The points for a reply cannot decrease."))
    if before["per"] == rewards.PER_DAY and after["per"] != rewards.PER_DAY:
        raise NotBetter(_("Members have read that they get points every day."))
    if before["per"] != after["per"] and before["points"]:
        # Otherwise those who had their points for once would be counted by day.
        raise NotBetter(_("How often points are given cannot change any more."))
    if before["points"] and is_stricter(before["most_rewards"], after["most_rewards"]):
        raise NotBetter(_("The number of rewards cannot decrease."))


def highest_cost(activity: Activity) -> Cost:
    settings = activity.settings
    if not settings["points"]:
        return Cost()
    most = settings["most_rewards"]
    return Cost(points=None if most is None else most * settings["points"])


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """People with a shown reply, and how many replies these are."""
    authors, count = reply_list.count_of_people(activity, people)
    return [
        Metric(key="repliers", label=_("People who replied"), value=authors),
        Metric(key="replies", label=_("Replies"), value=count),
    ]


TOPIC = kind_contract.register(
    Kind(
        key=KEY,
        label=gettext_lazy("topic"),
        description=gettext_lazy(
            "Members reply to a prompt on the page, or in the chat with a hashtag. The hot "
            "list ranks topics by how many people replied."
        ),
        keywords=KEYWORDS,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.VOICE,
        portal_template="portal/activities/_topic.html",
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        highest_cost=highest_cost,
        portal_context=portal_context,
        listens=listens,
        listens_to_all=True,
        choose=choose,
        max_said=MAX_REPLY,
        takes_late=True,
        may_close_early=True,
    )
)
