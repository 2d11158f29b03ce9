"""The kind `check_in`: once per community day, with streaks and make-up cards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import card_sales, check_ins, make_up_cards, streaks
from qunce.activities.check_ins.check_ins import Recorded
from qunce.activities.check_ins.models import CheckIn, Streak
from qunce.activities.check_ins.streaks import RestDays
from qunce.activities.kinds import base
from qunce.core import community_days, day_texts
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

KEY = "check_in"
MAKE_UP_WORDS = ("补签", "make up")
KEYWORDS = ("打卡", "check in", *MAKE_UP_WORDS)
MAKE_UP = re.compile(r"make-up(?: (?:(\d{4})-)?(\d{2})-(\d{2}))?")
"""What `said` is for a make-up: of the newest missed day, or of the one that is named."""
DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})")
NUMBER = re.compile(r"-?\d{1,9}(?:[.,]\d{1,3})?")
MAX_MAKE_UP_DAYS, MAX_CARDS, MAX_STREAK, MAX_PRICE = 31, 31, 366, 1_000_000

WEEKDAY_LABELS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
SETTINGS = (
    SettingField(
        name="proof",
        label=gettext_lazy("What members do"),
        type="choice",
        default="tap",
        choices=(
            ("tap", gettext_lazy("one tap")),
            ("text", gettext_lazy("write a line")),
            ("number", gettext_lazy("give a number")),
        ),
    ),
    SettingField(
        name="themes",
        label=gettext_lazy("Themes"),
        type="lines",
        default=[],
        help=gettext_lazy(
            "One line per day from the start; after the last, the first."
        ),
    ),
    SettingField(
        name="rest_weekdays",
        label=gettext_lazy("Days of rest in each week"),
        type="choices",
        default=[],
        choices=tuple(zip(streaks.WEEKDAYS, WEEKDAY_LABELS, strict=True)),
    ),
    SettingField(
        name="rest_dates",
        label=gettext_lazy("Other days of rest"),
        type="dates",
        default=[],
        help=gettext_lazy("One date per line, such as 2026-10-01."),
    ),
    SettingField(
        name="make_up_days",
        label=gettext_lazy("Days back that a make-up card can fill"),
        type="number",
        default=7,
        most=MAX_MAKE_UP_DAYS,
    ),
    SettingField(
        name="cards_per_month",
        label=gettext_lazy("Make-up cards for everybody per month"),
        type="number",
        default=1,
        most=MAX_CARDS,
    ),
    SettingField(
        name="card_every",
        label=gettext_lazy("A make-up card for every so many days in a row"),
        type="number",
        default=None,
        least=2,
        most=MAX_STREAK,
        none_label=gettext_lazy("none"),
    ),
    SettingField(
        name="card_price",
        label=gettext_lazy("Price of a make-up card in points"),
        type="number",
        default=None,
        least=1,
        most=MAX_PRICE,
        none_label=gettext_lazy("not sold"),
    ),
    SettingField(
        name="card_sales",
        label=gettext_lazy("Make-up cards that a member can buy per month"),
        type="number",
        default=1,
        least=1,
        most=MAX_CARDS,
    ),
)


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Check in for the day, or fill a missed one if `said` is that of a make-up."""
    if (asked := MAKE_UP.fullmatch(attempt.said)) is not None:
        return _make_up(attempt, asked)
    said, problem = _check_said(attempt)
    if problem:
        return Reply(text=problem, accepted=False, code="proof")
    base.join(attempt)
    recorded = check_ins.record(attempt, said=said)
    current = _current(attempt, recorded)
    if not recorded.is_new:
        return Reply(
            text=_("You have checked in for today. %(streak)s")
            % {"streak": streak_text(current)},
            accepted=False,
            code="repeated",
        )
    texts = [_("Checked in. %(streak)s") % {"streak": streak_text(current)}]
    return Reply(text=" ".join([*texts, *_earn_card(attempt, recorded)]))


def streak_text(length: int) -> str:
    """How many days in a row, as a sentence."""
    text = ngettext("%(n)s day in a row.", "%(n)s days in a row.", length)
    return text % {"n": f"{length:,}"}


def _current(attempt: Attempt, recorded: Recorded) -> int:
    today = attempt.activity.community.day(attempt.at)
    return recorded.streak.current(today, RestDays.of(attempt.activity.settings))


def _check_said(attempt: Attempt) -> tuple[str, str]:
    """What was said, and what is missing in it, "" if nothing is."""
    proof = attempt.activity.settings["proof"]
    said = attempt.said.strip()
    if proof == "text" and not said:
        return "", _("Write a line with it, such as: check in, 20 pages read")
    if proof != "number":
        return said, ""
    number = NUMBER.search(said)
    if number is None:
        return "", _("Give a number with it, such as: check in 5000")
    return number.group().replace(",", "."), ""


def _earn_card(attempt: Attempt, recorded: Recorded) -> list[str]:
    """Give the card that the day has earned; returns the sentence about it, if any."""
    is_earned = make_up_cards.earn(
        activity=attempt.activity,
        account_id=attempt.account_id,
        accounts=attempt.accounts,
        day=recorded.day,
        at=attempt.at,
    )
    return [_("You have earned a make-up card.")] if is_earned else []


def _make_up(attempt: Attempt, asked: re.Match[str]) -> Reply:
    days = check_ins.list_days(attempt.activity, attempt.accounts)
    missed = make_up_cards.list_missed(attempt.activity, days, attempt.at)
    year, month, day_of_month = asked.groups()
    fitting = [
        day
        for day in missed
        if not month
        or (
            f"{community_days.to_date(day):%m-%d}" == f"{month}-{day_of_month}"
            and year in (None, f"{community_days.to_date(day):%Y}")
        )
    ]
    try:
        # A missed day without a card leaves no trace.
        with transaction.atomic():
            base.join(attempt)
            recorded = make_up_cards.make_up(attempt, day=fitting[0] if fitting else -1)
    except (make_up_cards.NotMissed, make_up_cards.NoCard) as error:
        return Reply(text=str(error), accepted=False, code="make_up")
    today = attempt.activity.community.day(attempt.at)
    text = _("Made up for %(day)s. %(streak)s") % {
        "day": day_texts.full_day(
            community_days.to_date(recorded.day), community_days.to_date(today)
        ),
        "streak": streak_text(_current(attempt, recorded)),
    }
    return Reply(text=" ".join([text, *_earn_card(attempt, recorded)]))


def parse_line(text: str) -> str | None:
    """What a line of a chat says: the rest after the keyword, or a make-up."""
    rest = kind_contract.find_after_keyword(text, MAKE_UP_WORDS)
    if rest is not None:
        found = DAY.search(rest)
        if found is None:
            return "make-up"
        year, month, day = found.groups()
        return f"make-up {year + '-' if year else ''}{int(month):02}-{int(day):02}"
    return kind_contract.find_after_keyword(text, KEYWORDS)


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    proof = {
        "tap": _("Check in once a day with one tap, or write “check in” in the chat."),
        "text": _("Check in once a day with a line about what you did."),
        "number": _("Check in once a day with a number."),
    }
    if not has_page:
        proof["tap"] = _("Check in once a day: write “check in” in the chat.")
    lines = [proof[settings["proof"]]]
    if settings["rest_weekdays"]:
        labels = dict(zip(streaks.WEEKDAYS, WEEKDAY_LABELS, strict=True))
        names = _(", ").join(str(labels[day]) for day in settings["rest_weekdays"])
        lines.append(
            _("Days of rest that break no streak: %(days)s.") % {"days": names}
        )
    if settings["rest_dates"]:
        names = _(", ").join(settings["rest_dates"][:10])
        lines.append(_("No check-in is needed on: %(days)s.") % {"days": names})
    if settings["make_up_days"]:
        lines.append(
            _(
                "A make-up card fills one missed day of the last %(days)s; you get "
                "%(cards)s a month."
            )
            % {
                "days": settings["make_up_days"],
                "cards": settings["cards_per_month"],
            }
        )
    if settings["card_every"]:
        lines.append(
            _("Every %(n)s days in a row earn another make-up card.")
            % {"n": settings["card_every"]}
        )
    if settings.get("card_price"):
        text = _(
            "A make-up card for this check-in costs %(points)s points; you can buy "
            "%(cards)s a month. What is not used when it ends is given back."
        )
        lines.append(
            text
            % {
                "points": f"{settings['card_price']:,}",
                "cards": settings["card_sales"],
            }
        )
    return lines


def theme_of(activity: Activity, day: int) -> str:
    """The theme of a community day, "" if the activity has none."""
    themes: Sequence[str] = activity.settings["themes"]
    first = activity.community.day(activity.starts_at)
    return themes[(day - first) % len(themes)] if themes and day >= first else ""


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The theme of today and, for somebody who is known, their streak and cards."""
    today = activity.community.day(at)
    context: dict[str, Any] = {
        "theme": theme_of(activity, today),
        "proof": activity.settings["proof"],
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    rest = RestDays.of(activity.settings)
    days = check_ins.list_days(activity, accounts)
    streak = streaks.compute(days, rest)
    missed = make_up_cards.list_missed(activity, days, at)
    return context | {
        "has_today": today in days,
        "current": streak.current(today, rest),
        "current_text": streak_text(streak.current(today, rest)),
        "longest": streak.longest,
        "total": streak.total,
        "cards": make_up_cards.count_left(activity, accounts, at),
        "card_price_text": f"{activity.settings.get('card_price') or 0:,}",
        "may_buy_card": card_sales.count_buyable(activity, accounts, at) > 0,
        "missed": [community_days.to_date(day) for day in missed],
        "week": [
            (community_days.to_date(day), day in days, day in rest)
            for day in range(today - 6, today + 1)
        ],
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    if len(set(settings["rest_weekdays"])) == len(streaks.WEEKDAYS):
        raise InvalidSetting(_("A week needs at least one day without rest."))
    has_cards = settings["cards_per_month"] or settings["card_price"]
    if has_cards and not settings["make_up_days"]:
        raise InvalidSetting(
            _("Make-up cards need at least one day back that they can fill.")
        )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Rest days, cards and days back can become more; nothing else can change."""
    if after["proof"] not in (before["proof"], "tap"):
        raise NotBetter(_("The daily task cannot become harder after publication."))
    for name in ("rest_weekdays", "rest_dates"):
        if not set(before[name]) <= set(after[name]):
            raise NotBetter(_("Days of rest can be added, but not removed."))
    for name in ("make_up_days", "cards_per_month"):
        if after[name] < before[name]:
            raise NotBetter(
                _("The number of make-up cards cannot decrease after publication.")
            )
    old, new = before["card_every"], after["card_every"]
    if old is not None and (new is None or new > old):
        raise NotBetter(
            _("The number of make-up cards cannot decrease after publication.")
        )
    old, new = before.get("card_price"), after["card_price"]
    if old is not None and (new is None or new > old):
        raise NotBetter(_("The price of make-up cards cannot rise after publication."))
    if old is not None and after["card_sales"] < before.get("card_sales", 1):
        raise NotBetter(
            _("The number of make-up cards cannot decrease after publication.")
        )
    if before["themes"] != after["themes"][: len(before["themes"])]:
        raise NotBetter(_("Themes can be added at the end only."))


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Check-ins, people of today, and streaks, of the people who count."""
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    today = activity.community.day(at)
    rows = CheckIn.objects.filter(activity=activity, struck_out_at__isnull=True)
    days = {
        (person_of[account], day)
        for account, day in rows.values_list("account_id", "day")
        if account in person_of
    }
    date_of_today = community_days.to_date(today)
    first = community_days.to_date(
        streaks.last_required(today, RestDays.of(activity.settings))
    )
    kept = Streak.objects.filter(activity=activity, last_day__gte=first, length__gte=7)
    return [
        Metric(key="check_ins", label=gettext_lazy("Check-ins"), value=len(days)),
        Metric(
            key="today",
            label=gettext_lazy("Checked in today"),
            value=sum(day == date_of_today for _person, day in days),
        ),
        Metric(
            key="streaks_of_7",
            label=gettext_lazy("7 days in a row or more"),
            value=len(set(kept.values_list("person_id", flat=True)) & set(by_person)),
        ),
    ]


KIND = base.register(
    Kind(
        key=KEY,
        label=pgettext_lazy("kind of activity", "Check-in"),
        description=gettext_lazy(
            "Members check in once a day and build a streak, with days of rest and "
            "make-up cards."
        ),
        keywords=KEYWORDS,
        settings_form=SETTINGS,
        parse_line=parse_line,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.HABIT,
        portal_template="portal/activities/_check_in.html",
        portal_context=portal_context,
        check_settings=check_settings,
        check_better=check_better,
        close=card_sales.give_back_unused,
        cancel=card_sales.give_back_unused,
        takes_late=True,
        notices=(legal_notices.SHARING,),
    )
)
