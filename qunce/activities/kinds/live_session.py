"""The kind `live_session`: reserve, be reminded, come, watch the replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities import time_texts
from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Aim,
    Attempt,
    Cost,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.live_sessions import (
    attendance,
    orders,
    people_counts,
    reminders,
    reservations,
    sessions,
)
from qunce.activities.live_sessions.models import MAX_URL, How, LiveSession
from qunce.members.accounts import queries as account_queries

RESERVE = ("预约", "reserve")
CANCEL_WORDS = ("取消预约", "cancel reservation")
CANCEL, ENTER, HERE = "cancel", "enter", "here"
"""What `said` is, beside that for a reservation."""
MAX_GUESTS, MAX_REMINDERS, MAX_WORD = 30, 5, 20
MAX_LENGTH = timedelta(days=2)
MAX_POINTS = 10_000
SETTINGS = (
    SettingField(
        name="starts",
        label=gettext_lazy("The live session starts"),
        type="time",
        help=gettext_lazy(
            "Members can enter 15 minutes before. The activity itself starts when it can "
            "be reserved."
        ),
    ),
    SettingField(
        name="ends",
        label=gettext_lazy("The live session ends"),
        type="time",
        help=gettext_lazy("The end of the activity has to be after it."),
    ),
    SettingField(
        name="platform",
        label=gettext_lazy("Platform"),
        max_length=40,
        help=gettext_lazy("Where it is shown, such as Douyin."),
    ),
    SettingField(
        name="link",
        label=gettext_lazy("Link of the live room"),
        max_length=MAX_URL,
        help=gettext_lazy(
            "Members open it with a button on our page, which counts them. Empty if the "
            "platform has none."
        ),
    ),
    SettingField(
        name="guests",
        label=gettext_lazy("Guests and speakers"),
        type="rows",
        default=[],
        most_rows=MAX_GUESTS,
        columns=(
            SettingField(
                name="name",
                label=pgettext_lazy("guest", "Name"),
                max_length=40,
                is_required=True,
            ),
            SettingField(
                name="role", label=pgettext_lazy("guest", "Role"), max_length=40
            ),
        ),
    ),
    SettingField(
        name="reminders",
        label=gettext_lazy("Reminders"),
        type="rows",
        default=[{"minutes": 24 * 60}, {"minutes": 15}],
        most_rows=MAX_REMINDERS,
        columns=(
            SettingField(
                name="minutes",
                label=gettext_lazy("Minutes before the start"),
                type="number",
                default=15,
                least=1,
                most=reminders.MAX_MINUTES,
            ),
        ),
        help=gettext_lazy("To those who reserved. Empty for none."),
    ),
    SettingField(
        name="word",
        label=gettext_lazy("Word that counts as coming"),
        max_length=MAX_WORD,
        help=gettext_lazy(
            "Members write it in a group during the live session, such as 签到. Empty for "
            "none."
        ),
    ),
    SettingField(
        name="points",
        label=gettext_lazy("Points for coming"),
        type="number",
        default=None,
        least=1,
        most=MAX_POINTS,
        none_label=pgettext_lazy("points for coming", "none"),
    ),
    SettingField(
        name="order_hours",
        label=gettext_lazy("Orders count until, hours after the start"),
        type="number",
        default=24,
        least=orders.MIN_HOURS,
        most=orders.MAX_HOURS,
        none_label=gettext_lazy("orders are not counted"),
        help=gettext_lazy("Orders of those who came."),
    ),
)
FIELDS = {field.name: field for field in SETTINGS}


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Reserve, cancel, enter the room, or say the word, as `said` asks."""
    said = attempt.said.strip()
    if said == CANCEL:
        return _cancel(attempt)
    if said == ENTER:
        return _come(attempt, How.LINK)
    if said == HERE:
        return _say_word(attempt)
    if said == attendance.ATTENDED and attempt.way == Way.STAFF:
        return _come(attempt, How.LIST)
    if attempt.is_rehearsal:
        return Reply(text=reservations.state_text(attempt.activity))
    try:
        # Somebody who is too late leaves no trace.
        with transaction.atomic():
            base.join(attempt)
            reservations.reserve(attempt)
    except reservations.AlreadyReserved as error:
        return Reply(text=str(error), accepted=False, code="repeated")
    except reservations.ReservationClosed as error:
        return Reply(text=str(error), accepted=False, code="closed")
    return Reply(text=reservations.state_text(attempt.activity))


def _cancel(attempt: Attempt) -> Reply:
    try:
        reservations.cancel_own(attempt.activity, attempt.accounts, attempt.at)
    except (reservations.NotReserved, reservations.ReservationClosed) as error:
        return Reply(text=str(error), accepted=False, code="cancel")
    return Reply(text=_("Your reservation is cancelled."))


def _say_word(attempt: Attempt) -> Reply:
    """The word counts where it is heard: in a group, from a chat or pasted lines."""
    is_said = attempt.way in (Way.CHAT, Way.PASTE) and attempt.group_id is not None
    if not is_said or not attempt.activity.settings["word"]:
        text = _("Write the word in the group.")
        return Reply(text=text, accepted=False, code="word", is_ignored=True)
    return _come(attempt, How.WORD)


def _come(attempt: Attempt, how: How) -> Reply:
    if attempt.is_rehearsal:
        return Reply(text=_("You are counted as having come."))
    try:
        attendance.check_is_on(attempt.activity, attendance.moment_of(attempt))
    except attendance.CannotAttend as error:
        return Reply(text=str(error), accepted=False, code="time", is_ignored=True)
    with transaction.atomic():
        base.join(attempt)
        attendance.attend(attempt, how)
    # A group in which everybody says the word reads one line, and nobody a message.
    is_quiet = how == How.WORD and attempt.is_heard
    return Reply(text=_("You are counted as having come."), is_direct=not is_quiet)


def parse_line(text: str) -> str | None:
    """What a line of a chat says: cancel or reserve; more words change nothing."""
    if kind_contract.find_after_keyword(text, CANCEL_WORDS) is not None:
        return CANCEL
    return "" if kind_contract.find_after_keyword(text, RESERVE) is not None else None


def listens(activity: Activity, text: str) -> str | None:
    """Whether a line is the word of this live session, and nothing else."""
    word = activity.settings["word"].casefold()
    said = text.strip().strip(kind_contract.SEPARATORS).casefold()
    return HERE if word and said == word else None


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    values = {"time": sessions.time_text(activity), "platform": settings["platform"]}
    lines = [_("Live: %(time)s, %(platform)s.") % values] if values["time"] else []
    for guest in settings["guests"]:
        text = _("With %(name)s, %(role)s.") if guest["role"] else _("With %(name)s.")
        lines.append(text % guest)
    if has_page:
        lines.append(_("Reserve on the page, or write “reserve” in the chat."))
    else:
        lines.append(_("Write “reserve” in the chat."))
    lines.append(_("You can cancel until the start: write “cancel reservation”."))
    if settings["reminders"]:
        lines.append(_("Those who reserved are reminded before the start."))
    if has_page and settings["link"]:
        lines.append(_("Enter the live room from the page, so that you are counted."))
    if settings["word"]:
        text = _("Write “%(word)s” in the group during the live session to be counted.")
        lines.append(text % {"word": settings["word"]})
    if settings["points"]:
        text = ngettext(
            "Coming earns %(n)s point, once for each person.",
            "Coming earns %(n)s points, once for each person.",
            settings["points"],
        )
        lines.append(text % {"n": f"{settings['points']:,}"})
    lines.append(
        _("The time does not change; if it has to, the live session is called off.")
    )
    return lines


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """Time, guests and replay and, for somebody who is known, what they can do now."""
    session = LiveSession.objects.filter(activity=activity).first()  # unique
    context: dict[str, Any] = {
        "time_text": sessions.time_text(activity),
        "platform": activity.settings["platform"],
        "guests": activity.settings["guests"],
        "is_before": session is None or at < session.starts_at,
        "is_on": session is not None and sessions.is_on(session, at),
        "has_link": bool(activity.settings["link"]),
        "word": activity.settings["word"],
        "has_replay": session is not None
        and bool(session.replay)
        and activity.state in sessions.SHOWN,
        "opens_at": time_texts.moment_text(activity, sessions.opens_at(session))
        if session is not None
        else "",
        "has_reserved": False,
        "has_come": False,
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    return context | {
        "has_reserved": reservations.find_own(activity, accounts) is not None,
        "has_come": attendance.find_own(activity, accounts) is not None,
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    """Times in order, a complete link, a word of its own, and each reminder once."""
    if settings["starts"] and settings["ends"]:
        start, end = sessions.times_of(settings)
        if end <= start:
            raise InvalidSetting(
                _("The live session ends before it starts. Choose a later end.")
            )
        if end - start > MAX_LENGTH:
            raise InvalidSetting(
                _("A live session lasts at most %(n)s hours. Choose an earlier end.")
                % {"n": MAX_LENGTH // timedelta(hours=1)}
            )
    if settings["link"] and not sessions.is_address(settings["link"]):
        raise InvalidSetting(
            _(
                "“%(field)s” has to be a complete address that begins with https:// or "
                "http://."
            )
            % {"field": FIELDS["link"].label}
        )
    _check_word(settings["word"])
    minutes = [row["minutes"] for row in settings["reminders"]]
    if len(set(minutes)) < len(minutes):
        raise InvalidSetting(
            _("“%(field)s”: each time is there once.")
            % {"field": FIELDS["reminders"].label}
        )


def _check_word(word: str) -> None:
    """Refuse a word that the chat takes for something else, or never reads as one."""
    if not word:
        return
    values = {"field": FIELDS["word"].label, "word": word}
    if any(letter.isspace() for letter in word):
        raise InvalidSetting(_("“%(field)s” is one word without spaces.") % values)
    if not word.strip(kind_contract.SEPARATORS):
        raise InvalidSetting(_("“%(field)s” needs a letter or a digit.") % values)
    for kind in kind_contract.list_kinds():
        if kind.read_line(word) is not None:
            values["kind"] = str(kind.label)
            raise InvalidSetting(
                _(
                    "“%(field)s”: “%(word)s” is a keyword of the kind “%(kind)s”. Choose "
                    "another word."
                )
                % values
            )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Times stay, points do not decrease; the room, guests and reminders can change."""
    if (before["starts"], before["ends"]) != (after["starts"], after["ends"]):
        raise NotBetter(
            _(
                "The time cannot change after publication. Cancel the live session with "
                "the reason, and create another."
            )
        )
    if (after["points"] or 0) < (before["points"] or 0):
        raise NotBetter(_("Points for coming cannot decrease after publication."))
    for name in ("platform", "link", "word"):
        if before[name] and not after[name]:
            raise NotBetter(
                _("“%(field)s” cannot be empty after publication.")
                % {"field": FIELDS[name].label}
            )


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise without times to come, a platform, or an end after the live session."""
    settings = activity.settings
    for name in ("starts", "ends", "platform"):
        if not settings[name]:
            raise InvalidSetting(
                _("“%(field)s” is required.") % {"field": FIELDS[name].label}
            )
    start, end = sessions.times_of(settings)
    if start <= at:
        raise InvalidSetting(
            _("The live session starts in the past. Choose a later time.")
        )
    if activity.starts_at > start - sessions.AHEAD:
        raise InvalidSetting(
            _(
                "The activity has to start at %(time)s or before, so that members can enter."
            )
            % {"time": time_texts.moment_text(activity, start - sessions.AHEAD)}
        )
    if activity.ends_at is None or activity.ends_at < end:
        raise InvalidSetting(
            _(
                "The activity has to end when the live session is over, at %(time)s or "
                "later."
            )
            % {"time": time_texts.moment_text(activity, end)}
        )


def highest_cost(activity: Activity) -> Cost:
    """Without a limit if coming earns points, as anybody who may join can come."""
    return Cost(points=None if activity.settings["points"] else 0)


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """How many people reserved, came and watched, of those who count, and their orders.

    The typed number is that of the platform, and stands beside those who are known.
    """
    found = people_counts.find(activity, people, at)
    typed = sessions.list_typed(activity)[:1] if people else []
    bought = orders.find(activity, found.came, at)
    rows: list[tuple[str, Any, int | str]] = [
        ("reserved", pgettext_lazy("live session", "Reserved"), len(found.reserved)),
        ("came", gettext_lazy("Came, known by name"), len(found.came)),
        (
            "unannounced",
            gettext_lazy("Came without a reservation"),
            len(found.unannounced),
        ),
        ("missing", gettext_lazy("Reserved and did not come"), len(found.missing)),
        *(
            ("typed", gettext_lazy("Number of the platform, typed"), row.number)
            for row in typed
        ),
        ("watched", gettext_lazy("Watched the replay"), len(found.watched)),
        ("buyers", gettext_lazy("Bought afterwards"), bought.buyers),
        ("orders", gettext_lazy("Orders afterwards"), bought.count),
        *(
            (
                f"net_{total.currency}",
                gettext_lazy("Value of these orders, less refunds"),
                total.net_text,
            )
            for total in bought.totals
        ),
    ]
    return [Metric(key=key, label=label, value=value) for key, label, value in rows]


LIVE_SESSION = kind_contract.register(
    Kind(
        key=sessions.KIND,
        label=pgettext_lazy("kind of activity", "Live session"),
        description=gettext_lazy(
            "Members reserve a live session, are reminded, come, and watch the replay; "
            "orders afterwards are counted."
        ),
        aim=Aim.MEET,
        keywords=(*RESERVE, *CANCEL_WORDS),
        parse_line=parse_line,
        listens=listens,
        takes_late=True,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        portal_template="portal/activities/_live_session.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        publish=sessions.publish,
        cancel=sessions.call_off,
        highest_cost=highest_cost,
    )
)
