"""The kind `tiered_task`: tiers whose rules count what members do, each with a reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.kinds import base
from qunce.activities.prizes import choices
from qunce.activities.tiered_tasks import judging, progress, rules
from qunce.activities.tiered_tasks.models import Problem, ReachedTier, Tier
from qunce.activities.tiered_tasks.progress import TierProgress
from qunce.core import community_days
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

KEY = judging.KIND
KEYWORDS = ("参加任务", "任务进度", "闯关", "join task", "my task")
MAX_TIERS, MAX_POINTS, MAX_RULE = 10, 1_000_000, 200

TIER_COLUMNS = (
    SettingField(
        name="text",
        label=pgettext_lazy("tier", "What members read"),
        max_length=80,
        is_required=True,
    ),
    SettingField(
        name="rule",
        label=gettext_lazy("Rule, as a sentence"),
        max_length=MAX_RULE,
        is_required=True,
    ),
    SettingField(
        name="points",
        label=gettext_lazy("Points"),
        type="number",
        default=None,
        least=1,
        most=MAX_POINTS,
        none_label=gettext_lazy("none"),
    ),
    SettingField(
        name="prize",
        label=gettext_lazy("Prize"),
        type="choice",
        choices=choices.list_prizes,
        none_label=gettext_lazy("none"),
    ),
)
SETTINGS = (
    SettingField(
        name="tiers",
        label=gettext_lazy("Tiers"),
        type="rows",
        default=[],
        columns=TIER_COLUMNS,
        least_rows=0,
        most_rows=MAX_TIERS,
        help=gettext_lazy(
            "A rule is a sentence such as “paid an order at least 2 times and never refunded”, "
            "which members do not read. What it counts without a time span is counted from "
            "the first day of the activity to its last."
        ),
    ),
    SettingField(
        name="keep_days",
        label=gettext_lazy("Days after the end in which a tier can still be lost"),
        type="number",
        default=7,
        most=60,
        help=gettext_lazy(
            "When its rule does not hold any more, as after a refund, points are reversed "
            "and a prize that is not sent yet is taken back."
        ),
    ),
)


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Join, be judged, and read the progress."""
    joined = base.join(attempt)
    judging.judge(attempt.activity, at=attempt.at, only=attempt.accounts)
    lines = [
        _line(each)
        for each in progress.load(attempt.activity, attempt.accounts, attempt.at)
    ]
    first = _("You are in.") if joined.is_new else _("Your progress:")
    text = "\n".join([first, *lines])
    code = "" if joined.is_new else "repeated"
    return Reply(text=text, accepted=joined.is_new, code=code)


def _line(found: TierProgress) -> str:
    """A tier as a line: its text, how far, and what became of its reward."""
    return f"{found.tier.text}{_(': ')}{state_text(found)}"


def state_text(found: TierProgress) -> str:
    """How far a member is in a tier."""
    if found.reached is not None:
        if found.reached.problem != Problem.NONE:
            return _("reached; the reward follows. Please ask our staff.")
        return _("reached")
    if not found.is_valid:
        return _("cannot be judged at the moment. Please ask our staff.")
    numbers = [
        _("%(n)s of %(wanted)s")
        % {"n": f"{min(step.count, step.wanted or 0):,}", "wanted": f"{step.wanted:,}"}
        for step in found.numbers
    ]
    if found.holds:
        return _("reached; it is noted within a few minutes")
    if numbers and any(not step.holds for step in found.numbers):
        return _(", ").join(numbers)
    return pgettext("tier", "not yet")


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    lines = [
        _("Tier %(n)s: %(text)s: %(reward)s.")
        % {
            "n": number,
            "text": row["text"],
            "reward": _reward_text(activity, row) or _("nothing"),
        }
        for number, row in enumerate(activity.settings["tiers"], start=1)
    ]
    first = _day(activity, activity.starts_at)
    if activity.ends_at is None:
        lines.append(_("What you do from %(day)s on counts.") % {"day": first})
    else:
        last = _day(activity, activity.ends_at)
        text = _("What you do from %(first)s to %(last)s counts, both included.")
        lines.append(text % {"first": first, "last": last})
    lines.append(_("To join, write “join task”; write it again to see your progress."))
    lines.append(
        _(
            "A tier that is not fulfilled any more, as after a refund, is taken back with "
            "its points and with a prize that is not sent yet."
        )
    )
    return lines


def _day(activity: Activity, at: datetime) -> str:
    return community_days.to_date(activity.community.day(at)).isoformat()


def _reward_text(activity: Activity, row: Mapping[str, Any]) -> str:
    parts = []
    if row["points"]:
        parts.append(_("%(n)s points") % {"n": f"{row['points']:,}"})
    if row["prize"]:
        stock = choices.load(activity.community, [row["prize"]]).get(row["prize"])
        parts.append(stock.name if stock else "")
    return _(", ").join(filter(None, parts))


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The tiers with their rewards and, for a member who joined, how far they are."""
    rows = [
        (number, row["text"], _reward_text(activity, row))
        for number, row in enumerate(activity.settings["tiers"], start=1)
    ]
    context: dict[str, Any] = {"tiers": rows}
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    has_joined = Entry.objects.filter(
        activity=activity, account_id__in=accounts
    ).exists()
    context["has_joined"] = has_joined
    if has_joined:
        context["progress"] = [
            (found, state_text(found), _reward_text(activity, row))
            for found, row in zip(
                progress.load(activity, accounts, at),
                activity.settings["tiers"],
                strict=False,
            )
        ]
    return context


def summary(activity: Activity, accounts: Sequence[int], at: datetime) -> str:
    """How many tiers a member has reached, for their own page."""
    rows = ReachedTier.objects.filter(
        tier__activity=activity, account_id__in=accounts, lost_at__isnull=True
    )
    reached = rows.values("tier").distinct().count()
    return _("%(n)s of %(wanted)s") % {
        "n": reached,
        "wanted": len(activity.settings["tiers"]),
    }


# Settings and results


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise unless each tier has a rule that is understood and something to give."""
    tiers = activity.settings["tiers"]
    if not tiers:
        raise InvalidSetting(_("Write at least one tier."))
    stocks = choices.load(activity.community, [row["prize"] for row in tiers])
    for number, row in enumerate(tiers, start=1):
        rules.read(activity, number, row["rule"], at)
        if not row["points"] and not row["prize"]:
            raise InvalidSetting(
                _("Tier %(n)s gives nothing. Choose points or a prize.") % {"n": number}
            )
        if row["prize"]:
            choices.check_may_offer(stocks[row["prize"]])


def publish(activity: Activity, at: datetime) -> None:
    """Store the tiers with their rules, which do not change any more."""
    tiers = activity.settings["tiers"]
    stocks = choices.load(activity.community, [row["prize"] for row in tiers])
    Tier.objects.bulk_create(
        Tier(
            activity=activity,
            number=number,
            text=row["text"],
            rule=rules.read(activity, number, row["rule"], at),
            points=row["points"] or 0,
            stock=stocks.get(row["prize"]),
        )
        for number, row in enumerate(tiers, start=1)
    )


def close(activity: Activity, at: datetime) -> None:
    """Judge once more, so that what was reached at the end counts."""
    judging.judge(activity, at=at)


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Members have read the tiers; only the time in which they are lost becomes shorter."""
    if before["tiers"] != after["tiers"]:
        raise NotBetter(
            _("Members have read the tiers. They do not change after publication.")
        )
    if after["keep_days"] > before["keep_days"]:
        raise NotBetter(
            _("The days in which a tier can be lost can only become fewer.")
        )


def highest_cost(activity: Activity) -> Cost:
    """Points have no limit but the budget's; prizes cost as many as there are."""
    tiers = activity.settings["tiers"]
    stocks = choices.load(activity.community, [row["prize"] for row in tiers])
    has_points = any(row["points"] for row in tiers)
    return Cost(
        points=None if has_points else 0,
        money=sum(stock.left * stock.cost for stock in stocks.values()),
    )


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    """The ids of its prizes, and how many there are of each."""
    keys = [row["prize"] for row in activity.settings["tiers"]]
    stocks = choices.load(activity.community, keys)
    return [(stock.pk, stock.total) for stock in stocks.values()]


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """How many people who count joined, and how many have reached each tier."""
    counted = set(people)
    entries = Entry.objects.filter(activity=activity).values_list(
        "account_id", flat=True
    )
    found = [
        Metric(
            key="joined",
            label=_("Members who joined"),
            value=len(
                counted.intersection(account_queries.accounts_by_person(entries))
            ),
        )
    ]
    for tier in judging.list_tiers(activity):
        rows = ReachedTier.objects.filter(tier=tier, lost_at__isnull=True)
        reached = account_queries.accounts_by_person(
            rows.values_list("account_id", flat=True)
        )
        found.append(
            Metric(
                key=f"tier_{tier.number}",
                label=pgettext("metric", "Tier %(n)s: %(text)s")
                % {"n": tier.number, "text": tier.text},
                value=len(counted.intersection(reached)),
            )
        )
    return found


TIERED_TASK = kind_contract.register(
    Kind(
        key=KEY,
        label=gettext_lazy("tiered task"),
        description=gettext_lazy(
            "Members do more and more, such as two orders, then five check-ins. Each tier "
            "has a reward, and is taken back when it is not fulfilled any more."
        ),
        keywords=KEYWORDS,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.HABIT,
        portal_template="portal/activities/_tiered_task.html",
        settings_form=SETTINGS,
        notices=(legal_notices.COMPLETE_TERMS,),
        check_better=check_better,
        check_publishable=check_publishable,
        publish=publish,
        close=close,
        highest_cost=highest_cost,
        list_stock=list_stock,
        portal_context=portal_context,
        takes_late=True,
    )
)
