"""Playbooks to begin with: the life cycle of members, education and e-commerce."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

MORNING, EVENING = "09:30", "20:00"


@dataclass(frozen=True)
class Template:
    """`definition(staff, channel)` is in the current language; texts can be changed."""

    key: str
    trade: StrOrPromise
    name: StrOrPromise
    description: StrOrPromise

    def definition(self, *, staff: str = "", channel: str = "assisted") -> Any:
        return _DEFINITIONS[self.key](_Writer(staff, channel))


@dataclass(frozen=True)
class _Writer:
    staff: str
    channel: str

    def send(self, step: str, text: str, **fields: Any) -> dict[str, Any]:
        return {
            "id": step,
            "kind": "send",
            "text": text,
            "channel": self.channel,
            "staff": self.staff,
            **fields,
        }


def _on_day(step: str, days: int, time: str = MORNING) -> dict[str, Any]:
    return {"id": step, "kind": "wait", "delay": {"days": days, "time": time}}


def _first_days(write: _Writer) -> Any:
    return {
        "entry": {"on": "fact", "fact": "member.joined"},
        "again": {"mode": "never"},
        "exit": [{"fact": "member.left"}],
        "lane": {"name": _("Life cycle"), "rank": 2},
        "steps": [
            write.send(
                "hello",
                _(
                    "Hello {name|there}, good to have you with us! Ask me anything,"
                    " any time."
                ),
                purpose="service",
            ),
            _on_day("w1", 3),
            write.send(
                "value",
                _(
                    "{name|Hello}, three things that our members like most. Which one"
                    " would you like to read more about?"
                ),
            ),
            {
                "id": "bought",
                "kind": "wait_until",
                "until": {"fact": "order.paid"},
                "timeout": {"days": 7, "time": EVENING},
                "then": [
                    write.send(
                        "thanks",
                        _("Thank you for your first order! How do you like it?"),
                        purpose="service",
                    )
                ],
                "otherwise": [
                    write.send(
                        "offer",
                        _("{name|Hello}, a small welcome gift for your first order."),
                    )
                ],
            },
            _on_day("w2", 20),
            write.send(
                "month",
                _("One month with us. What would you like to see more of?"),
                purpose="service",
            ),
        ],
    }


def _warm_up(write: _Writer) -> Any:
    return {
        "entry": {
            "on": "layer",
            "layering": "activity",
            "layer": "quiet",
        },
        "again": {"mode": "cooldown", "days": 60},
        "exit": [{"fact": "order.paid"}],
        "lane": {"name": _("Life cycle"), "rank": 3},
        "steps": [
            write.send(
                "care", _("{name|Hello}, we have not heard from you. All well?")
            ),
            {
                "id": "reply",
                "kind": "wait_until",
                "until": {"fact": "message.posted"},
                "timeout": {"days": 5, "time": MORNING},
                "then": [{"id": "end", "kind": "end"}],
                "otherwise": [
                    write.send("news", _("This is new since your last visit: …"))
                ],
            },
        ],
    }


def _recall(write: _Writer) -> Any:
    return {
        "entry": {"on": "fact", "fact": "order.paid", "key": "order"},
        "again": {"mode": "restart"},
        "exit": [{"fact": "member.left"}],
        "lane": {"name": _("Life cycle"), "rank": 1},
        "steps": [
            _on_day("w1", 45),
            write.send("ask", _("{name|Hello}, is it time for a new supply?")),
            _on_day("w2", 15, EVENING),
            write.send("gift", _("We miss you: a gift with your next order.")),
        ],
    }


def _course(write: _Writer) -> Any:
    return {
        "entry": {"on": "fact", "fact": "order.paid", "key": "order"},
        "again": {"mode": "per_key"},
        "exit": [{"fact": "order.refunded"}],
        "steps": [
            write.send(
                "start",
                _("Welcome to the course! Here is how the first week goes."),
                purpose="service",
            ),
            _on_day("w1", 1, "19:00"),
            write.send("lesson", _("Today is your first lesson. Got 20 minutes?")),
            {
                "id": "w2",
                "kind": "wait",
                "delay": {"weekday": 6, "time": EVENING},
            },
            write.send("week", _("Your first week is done. How was it?")),
        ],
    }


def _after_purchase(write: _Writer) -> Any:
    return {
        "entry": {"on": "fact", "fact": "order.paid", "key": "order"},
        "again": {"mode": "per_key"},
        "exit": [{"fact": "order.refunded"}],
        "steps": [
            {"id": "w1", "kind": "wait", "delay": {"minutes": 60}},
            write.send(
                "thanks",
                _("Thank you for your order! I will keep you posted about it."),
                purpose="service",
            ),
            _on_day("w2", 7),
            write.send(
                "care",
                _("Has everything arrived well? Here is how to use it best."),
                purpose="service",
            ),
            _on_day("w3", 14, EVENING),
            write.send("next", _("What goes well with it: …")),
        ],
    }


def _birthday(write: _Writer) -> Any:
    return {
        "entry": {
            "on": "date",
            "attribute": "birthday",
            "offset": 0,
            "time": MORNING,
        },
        "again": {"mode": "finished"},
        "steps": [
            write.send(
                "wish", _("Happy birthday, {name|dear friend}!"), purpose="service"
            )
        ],
    }


def _member_day(write: _Writer) -> Any:
    return {
        "for": "group",
        "entry": {"on": "calendar", "days": {"weekdays": [2]}, "time": MORNING},
        "again": {"mode": "finished"},
        "steps": [
            write.send("light", _("Good morning! Today is member day in {group}.")),
            {"id": "w1", "kind": "wait", "delay": {"days": 0, "time": "12:30"}},
            write.send("tips", _("The tip of the day: …")),
            {"id": "w2", "kind": "wait", "delay": {"days": 0, "time": EVENING}},
            write.send("deal", _("Tonight only, for members: …")),
        ],
    }


def streak_reminder(
    *, segment: str, address: str, time: str, staff: str, channel: str
) -> Any:
    """For the members of a segment whose streak would break today, until they check in."""
    text = _(
        "{name|Hello}, you have not checked in today. One tap keeps your days in a row."
    )
    # An address may have braces, which would be variables.
    own = address.replace("{", "{{").replace("}", "}}")
    write = _Writer(staff, channel)
    return {
        "entry": {"on": "segment", "segment": segment},
        "again": {"mode": "finished"},
        "exit": [{"fact": "check_in.recorded"}],
        "steps": [
            _on_day("w1", 0, time),
            write.send("remind", "\n".join(filter(None, (text, own)))),
        ],
    }


MONTH_DAYS = 27
"""A pause that is over in each month."""
_OCCASIONS: Mapping[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "meetup": (
        {"on": "fact", "fact": "meetup.attended", "key": "activity"},
        {"mode": "per_key"},
        1,
    ),
    "case": (
        {"on": "fact", "fact": "complaint.closed", "key": "complaint"},
        {"mode": "per_key"},
        1,
    ),
    "month": (
        {"on": "calendar", "days": {"month_days": [-1]}},
        {"mode": "finished"},
        0,
    ),
    "missed": (
        {"on": "fact", "fact": "meetup.missed", "key": "activity"},
        {"mode": "per_key"},
        1,
    ),
    "left": (
        {"on": "fact", "fact": "group.left"},
        {"mode": "cooldown", "days": MONTH_DAYS},
        1,
    ),
}
"""Occasion → the entry, when members enter again, and how many days later they are asked."""


def survey_request(
    occasion: str, *, time: str, ways: str, staff: str, channel: str
) -> dict[str, Any]:
    """One question on an occasion; `ways` are the lines on how to answer, as a template.

    The message is marketing, so contact limits and opt-outs hold.
    """
    texts = {
        "meetup": _("{name|Hello}, how did you like the meet-up? One question:"),
        "case": _("{name|Hello}, how well did we solve your case? One question:"),
        "month": _("{name|Hello}, how was this month with us? One question:"),
        "missed": _("{name|Hello}, we missed you. What kept you away? One question:"),
        "left": _("{name|Hello}, you left one of our groups. Why? One question:"),
    }
    entry, again, days = _OCCASIONS[occasion]
    text = "\n".join(filter(None, (texts[occasion], ways)))
    send = _Writer(staff, channel).send("ask", text)
    if entry["on"] == "calendar":
        entry = {**entry, "time": time}
    wait = [_on_day("w1", days, time)] if days else []
    return {
        "entry": entry,
        "again": again,
        "exit": [{"fact": "member.left"}],
        "steps": [*wait, send],
    }


def _survey(occasion: str) -> Callable[[_Writer], Any]:
    def define(write: _Writer) -> Any:
        return survey_request(
            occasion,
            time=EVENING,
            ways="…",
            staff=write.staff,
            channel=write.channel,
        )

    return define


_DEFINITIONS: Mapping[str, Any] = {
    **{f"survey-{occasion}": _survey(occasion) for occasion in _OCCASIONS},
    "first-days": _first_days,
    "warm-up": _warm_up,
    "recall": _recall,
    "course": _course,
    "after-purchase": _after_purchase,
    "birthday": _birthday,
    "member-day": _member_day,
}
LIFE, SHOP, SCHOOL, ASKING = (
    gettext_lazy("Life cycle"),
    gettext_lazy("E-commerce"),
    gettext_lazy("Education"),
    gettext_lazy("One question"),
)
TEMPLATES = (
    Template(
        "first-days",
        LIFE,
        gettext_lazy("First 30 days"),
        gettext_lazy(
            "Greets new members, shows what is in it, and asks after a month."
        ),
    ),
    Template(
        "warm-up",
        LIFE,
        gettext_lazy("Warm up"),
        gettext_lazy("For members who become quiet, until they write or order."),
    ),
    Template(
        "recall",
        LIFE,
        gettext_lazy("Recall"),
        gettext_lazy("45 days after the last order, with a gift two weeks later."),
    ),
    Template(
        "birthday",
        LIFE,
        gettext_lazy("Birthday"),
        gettext_lazy("A wish in the morning, each year."),
    ),
    Template(
        "after-purchase",
        SHOP,
        gettext_lazy("After an order"),
        gettext_lazy("Thanks, asks whether all is well, and offers what goes with it."),
    ),
    Template(
        "member-day",
        SHOP,
        gettext_lazy("Weekly member day"),
        gettext_lazy("Light in the morning, a tip at noon, an offer in the evening."),
    ),
    Template(
        "course",
        SCHOOL,
        gettext_lazy("First week of a course"),
        gettext_lazy("From the start to the end of the first week, for each course."),
    ),
    Template(
        "survey-meetup",
        ASKING,
        gettext_lazy("After a meet-up"),
        gettext_lazy("How they liked it, once per meet-up that they attended."),
    ),
    Template(
        "survey-case",
        ASKING,
        gettext_lazy("After a case"),
        gettext_lazy("How well it was solved, once per case."),
    ),
    Template(
        "survey-month",
        ASKING,
        gettext_lazy("At the end of the month"),
        gettext_lazy("How the month was, on its last day."),
    ),
    Template(
        "survey-missed",
        ASKING,
        gettext_lazy("After a missed meet-up"),
        gettext_lazy("What kept them away, once per meet-up."),
    ),
    Template(
        "survey-left",
        ASKING,
        gettext_lazy("After leaving a group"),
        gettext_lazy("Why they left, at most once a month."),
    ),
)


def find(key: str) -> Template | None:
    return next((each for each in TEMPLATES if each.key == key), None)
