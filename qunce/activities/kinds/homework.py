"""The kind `homework`: hand in, review each other, and read the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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
from qunce.activities.homework import comments, hand_ins, own_pages, results, terms
from qunce.activities.homework.models import (
    MAX_COMMENT,
    MAX_LINK,
    MAX_TEXT,
    Homework,
    PeerReview,
    ReviewState,
    Submission,
)
from qunce.activities.kinds import base
from qunce.core import errors
from qunce.members.accounts import queries as account_queries

KEYWORDS = ("作业", "交作业", "homework", "hand in")
MAX_REVIEWERS, MAX_SCORE, MAX_POINTS, MAX_HOURS = 5, 100, 1_000_000, 14 * 24
MIN_ASKING = 20
"""A shorter text that ends with a question mark is a question about the homework."""
SETTINGS = (
    SettingField(
        name="due",
        label=pgettext_lazy("homework", "Due"),
        type="time",
        help=gettext_lazy(
            "What comes later is marked late, and only our staff review it."
        ),
    ),
    SettingField(
        name="reviewers",
        label=gettext_lazy("Members who review each homework"),
        type="number",
        default=3,
        most=MAX_REVIEWERS,
        help=gettext_lazy(
            "Each member who handed in on time reviews this many. With 0, staff decide "
            "about all."
        ),
    ),
    SettingField(
        name="review_due",
        label=gettext_lazy("Reviews due"),
        type="time",
        help=gettext_lazy("The end of the activity has to be then or later."),
    ),
    SettingField(
        name="review_hours",
        label=gettext_lazy("Hours until a review is given to somebody else"),
        type="number",
        default=24,
        least=1,
        most=MAX_HOURS,
        none_label=gettext_lazy("it stays until all are due"),
    ),
    SettingField(
        name="lowest",
        label=gettext_lazy("Lowest score"),
        type="number",
        default=1,
        most=MAX_SCORE,
    ),
    SettingField(
        name="highest",
        label=gettext_lazy("Highest score"),
        type="number",
        default=10,
        least=1,
        most=MAX_SCORE,
    ),
    SettingField(
        name="criteria",
        label=pgettext_lazy("homework", "Criteria"),
        type="lines",
        default=[],
        help=gettext_lazy("One criterion per line; members read them with the work."),
    ),
    SettingField(
        name="pass_mark",
        label=gettext_lazy("Pass mark"),
        type="number",
        default=6,
        most=MAX_SCORE,
        none_label=gettext_lazy("everybody passes"),
    ),
    SettingField(
        name="points",
        label=gettext_lazy("Points for passing"),
        type="number",
        default=None,
        least=1,
        most=MAX_POINTS,
        none_label=gettext_lazy("none"),
    ),
    SettingField(
        name="after",
        label=gettext_lazy("Learning path: the step before"),
        type="choice",
        default="",
        choices=terms.list_before,
        none_label=pgettext_lazy("homework", "no other homework"),
    ),
    SettingField(
        name="must_pass",
        label=gettext_lazy("Only for members who passed the step before"),
        type="yes_no",
        default=True,
    ),
)
LABELS = {field.name: field.label for field in SETTINGS}


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Hand in what is said, or read how far one is if only the keyword is said."""
    activity = attempt.activity
    try:
        text, link = terms.parse(_without_name(attempt))
    except terms.InvalidHomework as error:
        return Reply(text=str(error), accepted=False, code="text")
    if not text and not link:
        return Reply(text=_how_far(attempt), accepted=False, code="empty")
    if attempt.is_rehearsal:
        return Reply(text=_("Your homework is handed in."))
    try:
        hand_ins.check_step(activity, attempt.accounts)
        # What is too late leaves no trace.
        with transaction.atomic():
            base.join(attempt)
            found = hand_ins.hand_in(attempt, text=text, link=link)
    except hand_ins.CannotReplace as error:
        return Reply(text=str(error), accepted=False, code="repeated")
    except hand_ins.CannotHandIn as error:
        return Reply(text=str(error), accepted=False, code="closed")
    return Reply(text=_handed_in_text(activity, found))


def _without_name(attempt: Attempt) -> str:
    """What is said, without the name by which somebody in a chat chose the homework."""
    if attempt.way not in (Way.CHAT, Way.PASTE):
        return attempt.said
    said, name = attempt.said.strip(), attempt.activity.name
    if not said.casefold().startswith(name.casefold()):
        return said
    return said[len(name) :].lstrip(kind_contract.SEPARATORS)


def choose(found: Sequence[Activity], said: str) -> Sequence[Activity]:
    """Of several the one whose name the text begins with, else the newest one.

    The answer names it, so that a wrong choice is seen and replaced.
    """
    text = said.strip().casefold()
    named = [each for each in found if text.startswith(each.name.casefold())]
    return [
        max(named or found, key=lambda each: (len(each.name) if named else 0, each.pk))
    ]


def _handed_in_text(activity: Activity, found: hand_ins.HandedIn) -> str:
    if found.submission.is_late:
        text = _("“%(name)s” is handed in, late. Our staff review it.")
        return text % {"name": activity.name}
    due = Homework.objects.values_list("due_at", flat=True).get(activity=activity)
    text = _("“%(name)s” is replaced. You can replace it again until %(time)s.")
    if found.is_new:
        text = _("“%(name)s” is handed in on time. You can replace it until %(time)s.")
    return text % {"name": activity.name, "time": time_texts.moment_text(activity, due)}


def _how_far(attempt: Attempt) -> str:
    text = _("Write “homework” and what you hand in; a link goes on a line of its own.")
    if attempt.is_rehearsal:
        return text
    own = hand_ins.find_own(attempt.activity, attempt.accounts)
    if own is None:
        return text
    return own_pages.state_text(attempt.activity, own, attempt.at)


def parse_line(text: str) -> str | None:
    """What follows the keyword; a short question is not handed in."""
    found = kind_contract.find_after_keyword(text, KEYWORDS)
    if found is not None:
        return found
    longer = kind_contract.find_after_keyword(f"{text.strip()}.", KEYWORDS)
    return longer if longer is not None and len(longer) >= MIN_ASKING else None


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    due, review_due = terms.read(settings["due"]), terms.read(settings["review_due"])
    lines = []
    if due is not None:
        text = _("Hand it in until %(time)s; later it is marked late.")
        lines.append(text % {"time": time_texts.moment_text(activity, due)})
    lines.append(
        _("Hand in on the page, or write “homework” and your text.")
        if has_page
        else _("Write “homework” and your text.")
    )
    if settings["reviewers"] and review_due is not None:
        text = ngettext(
            "If you hand in on time, you review the homework of %(n)s other member "
            "without a name, until %(time)s.",
            "If you hand in on time, you review the homework of %(n)s other members "
            "without names, until %(time)s.",
            settings["reviewers"],
        )
        values = {
            "n": settings["reviewers"],
            "time": time_texts.moment_text(activity, review_due),
        }
        lines.append(text % values)
        lines.append(
            _(
                "The score is the median of the reviews, from %(lowest)s to %(highest)s. "
                "Our staff may decide otherwise, with a reason."
            )
            % settings
        )
    else:
        text = _("Our staff give a score from %(lowest)s to %(highest)s.")
        lines.append(text % settings)
    for each in settings["criteria"]:
        lines.append(_("Criterion: %(text)s") % {"text": each})
    lines.extend(_reward_lines(activity))
    return lines


def _reward_lines(activity: Activity) -> list[str]:
    settings, lines = activity.settings, []
    if settings["pass_mark"] is not None:
        lines.append(
            _("You pass with %(mark)s or more.") % {"mark": settings["pass_mark"]}
        )
    if settings["points"]:
        text = _("If you pass, you get %(n)s points, once.")
        lines.append(text % {"n": f"{settings['points']:,}"})
    before = terms.find_before(activity)
    if before is not None:
        text = _("It comes after “%(name)s”.")
        if settings["must_pass"]:
            text = _("It comes after “%(name)s”, and only for members who passed that.")
        lines.append(text % {"name": before.name})
    return lines


def describe_state(activity: Activity) -> str:
    """How many handed in, for a group."""
    count = Submission.objects.filter(activity=activity).count()
    text = ngettext("%(n)s member handed in.", "%(n)s members handed in.", count)
    return text % {"n": f"{count:,}"}


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The times and the path and, for somebody who is known, what is theirs."""
    homework = Homework.objects.filter(activity=activity).first()  # unique
    context: dict[str, Any] = {
        "homework": homework,
        "criteria": activity.settings["criteria"],
        "max_text": MAX_TEXT,
        "max_link": MAX_LINK,
        "max_comment": MAX_COMMENT,
        "own": None,
        "typed": {"text": "", "link": ""},
        "path": own_pages.list_path(activity, ()),
    }
    if account_id is None or homework is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    own = hand_ins.find_own(activity, accounts)
    context["path"] = own_pages.list_path(activity, accounts)
    context["may_hand_in"] = own_pages.may_hand_in(homework, own, at)
    try:
        hand_ins.check_step(activity, accounts)
    except hand_ins.CannotHandIn as error:
        context["step_problem"] = str(error)
        context["may_hand_in"] = False
    if own is None:
        return context
    return context | {
        "own": own,
        "typed": {"text": own.text, "link": own.link},
        "own_text": own_pages.state_text(activity, own, at),
        "own_reviews": own_pages.list_reviews(activity, accounts, at),
        "received": own_pages.list_received(own),
        "comments": comments.list_of(own),
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    if settings["lowest"] >= settings["highest"]:
        raise InvalidSetting(
            _("“%(field)s” has to be above the lowest one.")
            % {"field": LABELS["highest"]}
        )
    mark = settings["pass_mark"]
    if mark is not None and not settings["lowest"] <= mark <= settings["highest"]:
        raise InvalidSetting(
            _("“%(field)s” has to be within the scores.")
            % {"field": LABELS["pass_mark"]}
        )
    if settings["due"] and settings["review_due"] and settings["reviewers"]:
        due, until = terms.read(settings["due"]), terms.read(settings["review_due"])
        if due is not None and until is not None and until <= due:
            raise InvalidSetting(
                _("“%(field)s” has to be after it is due.")
                % {"field": LABELS["review_due"]}
            )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Times become later, the pass mark lower and points more; the rest has been read."""
    for name in ("reviewers", "lowest", "highest", "criteria", "after"):
        if before[name] != after[name]:
            raise NotBetter(
                _("“%(field)s” cannot change after publication.")
                % {"field": LABELS[name]}
            )
    for name in ("due", "review_due"):
        old, new = terms.read(before[name]), terms.read(after[name])
        if old is not None and (new is None or new < old):
            raise NotBetter(
                _("“%(field)s” can only become later.") % {"field": LABELS[name]}
            )
    if kind_contract.is_stricter(before["review_hours"], after["review_hours"]):
        raise NotBetter(
            _("“%(field)s” can only become more.") % {"field": LABELS["review_hours"]}
        )
    if (after["pass_mark"] or 0) > (before["pass_mark"] or 0):
        raise NotBetter(
            _("“%(field)s” can only become lower.") % {"field": LABELS["pass_mark"]}
        )
    if (after["points"] or 0) < (before["points"] or 0):
        raise NotBetter(
            _("“%(field)s” can only become more.") % {"field": LABELS["points"]}
        )
    if after["must_pass"] and not before["must_pass"]:
        raise NotBetter(_("The step before cannot become a condition."))


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise without due times, or with an end before the reviews are due."""
    settings = activity.settings
    needed = ("due", "review_due") if settings["reviewers"] else ("due",)
    for name in needed:
        if not settings[name]:
            raise InvalidSetting(
                _("“%(field)s” is required.") % {"field": LABELS[name]}
            )
    due = terms.read(settings["due"])
    last = terms.read(settings[needed[-1]])
    if due is None or last is None or due <= max(at, activity.starts_at):
        raise InvalidSetting(
            _("“%(field)s” has to be after the start, and in the future.")
            % {"field": LABELS["due"]}
        )
    if activity.ends_at is None or activity.ends_at < last:
        raise InvalidSetting(
            _("The activity has to end when all is due, at %(time)s or later.")
            % {"time": time_texts.moment_text(activity, last)}
        )


def check_settleable(activity: Activity, at: datetime) -> None:
    """Raise while results are not published, or points are still to be given.

    Points that the budget does not cover are shown to staff, and keep nothing open.
    """
    homework = Homework.objects.filter(activity=activity).first()  # unique
    has_work = Submission.objects.filter(activity=activity).exists()
    if has_work and (homework is None or homework.results_at is None):
        raise NotSettled(_("The results are not published yet."))
    owed = results.count_owed(activity)
    if owed and not results.is_budget_used_up(activity):
        raise NotSettled(
            ngettext(
                "%(n)s member gets their points within a minute. Try again then.",
                "%(n)s members get their points within a minute. Try again then.",
                owed,
            )
            % {"n": f"{owed:,}"}
        )


class NotSettled(errors.Refused):
    """Results are not published, or points are owed."""


def highest_cost(activity: Activity) -> Cost:
    """Points have no limit but the budget's."""
    return Cost(points=None if activity.settings["points"] else 0)


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Of the people who count, how many handed in, were late, reviewed and passed."""
    counted = set(people)
    rows = list(Submission.objects.filter(activity=activity))
    done = PeerReview.objects.filter(
        submission__activity=activity, state=ReviewState.DONE
    ).values_list("account_id", flat=True)
    persons = account_queries.person_ids([*(row.account_id for row in rows), *done])

    def count(accounts: Sequence[int]) -> int:
        return len(counted.intersection(persons[account] for account in accounts))

    return [
        Metric(
            key="handed_in",
            label=gettext_lazy("Handed in"),
            value=count([row.account_id for row in rows]),
        ),
        Metric(
            key="late",
            label=gettext_lazy("Handed in late"),
            value=count([row.account_id for row in rows if row.is_late]),
        ),
        Metric(
            key="reviewed",
            label=gettext_lazy("Reviewed others"),
            value=count(list(done)),
        ),
        Metric(
            key="passed",
            label=pgettext_lazy("homework", "Passed"),
            value=count([row.account_id for row in rows if row.passed]),
        ),
    ]


HOMEWORK = kind_contract.register(
    Kind(
        key=terms.KIND,
        label=pgettext_lazy("kind of activity", "Homework"),
        description=gettext_lazy(
            "Members hand in a text or a link until it is due, review each other without "
            "names, and read the median. Several in a row are a learning path."
        ),
        aim=Aim.HABIT,
        keywords=KEYWORDS,
        choose=choose,
        parse_line=parse_line,
        take_part=take_part,
        describe=describe,
        describe_state=describe_state,
        metrics=metrics,
        portal_template="portal/activities/_homework.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        check_settleable=check_settleable,
        publish=hand_ins.publish,
        highest_cost=highest_cost,
        takes_late=True,
        max_said=MAX_TEXT + MAX_LINK + 1,
    )
)
