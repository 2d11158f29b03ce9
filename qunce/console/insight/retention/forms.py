"""What the retention page asks: start, return, periods and break-down."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import form_errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight import breakdowns, retention
from qunce.insight.retention import RetentionQuery
from qunce.sets import audiences

CALENDAR, ROLLING = "calendar", "rolling"
DEFAULTS = {
    "start": retention.JOINED,
    "return": retention.ACTIVE,
    "period": "week",
    "count": str(retention.DEFAULT_COUNT["week"]),
    "mode": CALENDAR,
    "by": "",
}


class RetentionForm(forms.Form):
    """All fields have defaults, so that the page needs no choice to show something."""

    start = forms.ChoiceField(label=gettext_lazy("People who"))
    period = forms.ChoiceField(
        label=pgettext_lazy("retention", "By"), choices=list(retention.PERIODS.items())
    )
    count = forms.IntegerField(
        label=pgettext_lazy("retention", "How many"), min_value=2, max_value=53
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("Later periods"),
        choices=[
            (CALENDAR, gettext_lazy("of the calendar")),
            (ROLLING, gettext_lazy("from each person's own start")),
        ],
    )
    by = forms.ChoiceField(label=gettext_lazy("Compare"), required=False)

    def __init__(self, data: Any, *, staff: Staff) -> None:
        given = {name: data.get(name, default) for name, default in DEFAULTS.items()}
        if "period" in data and "count" not in data:
            given["count"] = str(retention.DEFAULT_COUNT.get(given["period"], 12))
        super().__init__(given)
        kinds = sorted(
            (
                (kind, facts.label_of(kind))
                for kind in audiences.list_fact_kinds(staff.community)
            ),
            key=lambda choice: choice[1],
        )
        first = _("%(kind)s for the first time")
        fields: Any = self.fields
        # "return" is a keyword, so the field has no attribute.
        fields["return"] = forms.ChoiceField(
            label=_("Came back when they"),
            choices=[
                (retention.ACTIVE, _("were active")),
                (retention.PRESENT, _("were still in the community")),
                *kinds,
            ],
        )
        fields["start"].choices = [
            (retention.JOINED, _("joined the community")),
            *[
                (f"{retention.FIRST_PREFIX}{kind}", first % {"kind": label})
                for kind, label in kinds
            ],
            *kinds,
        ]
        fields["by"].choices = [
            ("", _("nothing")),
            *breakdowns.list_choices(staff),
        ]
        self.order_fields(["start", "return", "period", "count", "mode", "by"])

    def query(self) -> RetentionQuery:
        """The question; raises Invalid for a field that is not valid."""
        form_errors.check_valid(self)
        data = self.cleaned_data
        return RetentionQuery(
            data["start"],
            data["return"],
            data["period"],
            data["count"],
            rolling=data["mode"] == ROLLING,
        )
