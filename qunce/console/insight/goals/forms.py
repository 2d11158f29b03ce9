"""The form of a goal: what of the community or of a group, how much, and by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from qunce.core import community_days
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.insight import metric_dictionary
from qunce.insight.goals import goals, targets
from qunce.insight.goals.models import MAX_NAME, Direction, Goal
from qunce.insight.metric_definitions import GROUP, Metric, Ratio

MAX_GROUPS = 500
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MONTH, NEXT_MONTH, QUARTER = "month", "next_month", "quarter"


class GoalForm(forms.Form):
    group = forms.ChoiceField(label=gettext_lazy("Group"))
    metric = forms.ChoiceField(label=gettext_lazy("Metric"))
    direction = forms.ChoiceField(
        label=pgettext_lazy("goal", "Direction"), choices=Direction.choices
    )
    target = forms.CharField(
        label=pgettext_lazy("goal", "Target"),
        max_length=targets.MAX_TEXT,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    first = forms.DateField(label=gettext_lazy("First day"), widget=DAY_INPUT)
    last = forms.DateField(label=gettext_lazy("Last day"), widget=DAY_INPUT)
    owner = forms.ChoiceField(label=pgettext_lazy("goal", "Owner"), required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_NAME,
        required=False,
        help_text=gettext_lazy("Empty for the metric and its target."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        staff: Staff,
        level: str,
        goal: Goal | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=_to_initial(goal) if goal else initial)
        fields: Any = self.fields
        if level == GROUP:
            rows = visibility.list_visible(staff).order_by("name", "pk")
            fields["group"].choices = list(rows.values_list("key", "name")[:MAX_GROUPS])
        else:
            del fields["group"]
        entries = list_entries(level)
        fields["metric"].choices = [
            (str(label), [(entry.name, entry.label_for(level)) for entry in own])
            for label, own in entries
        ]
        fields["target"].help_text = _(
            "A whole number of people or times, money in %(currency)s, or a ratio in per"
            " cent."
        ) % {"currency": staff.community.currency}
        fields["owner"].choices = [
            ("", pgettext("goal", "nobody")),
            *((each.login, each.name) for each in goals.list_owners(staff)),
        ]


def list_entries(level: str) -> list[tuple[str, list[Metric | Ratio]]]:
    """The metrics and ratios that a goal can have, by subject."""
    return [
        (str(subject.label), list(own))
        for subject, own in groupby(
            metric_dictionary.list_entries(level), lambda entry: entry.subject
        )
    ]


def _to_initial(goal: Goal) -> dict[str, Any]:
    return {
        **{name: getattr(goal, name) for name in goals.FIELDS},
        "target": targets.format_plain(goal.target),
        "owner": goal.owner.login if goal.owner else "",
    }


def list_spans(staff: Staff, at: Any) -> Iterator[tuple[str, str, date, date]]:
    """Spans that can be chosen: name, label, first and last day."""
    today = community_days.to_date(staff.community.day(at))
    first = today.replace(day=1)
    following = _next_month(first)
    yield MONTH, _("This month"), first, following - timedelta(days=1)
    after = _next_month(following)
    yield NEXT_MONTH, _("Next month"), following, after - timedelta(days=1)
    begin = first.replace(month=first.month - (first.month - 1) % 3)
    end = _next_month(_next_month(_next_month(begin)))
    yield QUARTER, _("This quarter"), begin, end - timedelta(days=1)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
