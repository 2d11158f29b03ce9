"""The forms of levels, badges and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.levels import badges, memberships, schemes
from qunce.activities.levels.models import (
    MAX_LETTERS,
    MAX_NAME,
    MAX_TEXT,
    MAX_TITLE,
    Badge,
    Level,
    LevelScheme,
    MembershipPlan,
    Period,
)
from qunce.activities.levels.schemes import InvalidLevels, LevelInput, SchemeInput
from qunce.activities.prizes.models import PrizeStock
from qunce.console.outreach import forms as campaign_forms
from qunce.console.outreach import labels
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.sets.rules import tree

BLANK_ROWS = 2
LABELS = schemes.FIELDS


class SchemeForm(forms.Form):
    """In what points are counted, and the days of grace."""

    period = forms.ChoiceField(label=LABELS["period"], choices=Period.choices)
    days = forms.IntegerField(
        label=LABELS["days"],
        min_value=7,
        max_value=366,
        required=False,
        help_text=gettext_lazy("Only for the last days."),
    )
    grace_days = forms.IntegerField(
        label=LABELS["grace_days"],
        min_value=0,
        max_value=365,
        help_text=gettext_lazy(
            "A level that is lost is kept for so many days after its period ends."
        ),
    )
    gift_budget = forms.IntegerField(
        label=LABELS["gift_budget"],
        min_value=0,
        required=False,
        help_text=gettext_lazy("Empty: no limit."),
    )

    def __init__(self, data: Any, *, scheme: LevelScheme | None) -> None:
        initial = {"period": Period.QUARTER, "days": 90, "grace_days": 14}
        if scheme is not None:
            initial = {name: getattr(scheme, name) for name in self.base_fields}
        super().__init__(data, initial=initial)


class LevelForm(forms.Form):
    """One level; a row without a name and points is left out."""

    key = forms.CharField(required=False, max_length=63, widget=forms.HiddenInput)
    name = forms.CharField(label=LABELS["name"], max_length=MAX_NAME, required=False)
    points = forms.IntegerField(label=LABELS["points"], min_value=1, required=False)
    title = forms.CharField(
        label=LABELS["title"],
        max_length=MAX_TITLE,
        required=False,
        help_text=gettext_lazy("On leaderboards; empty: the name."),
    )
    percent = forms.IntegerField(
        label=LABELS["percent"], min_value=100, max_value=1000, required=False
    )
    gift_points = forms.IntegerField(
        label=LABELS["gift_points"], min_value=0, required=False
    )
    gift_valid_days = forms.IntegerField(
        label=LABELS["gift_valid_days"],
        min_value=1,
        max_value=3_650,
        required=False,
        help_text=gettext_lazy("Empty: they never expire."),
    )
    gift_stock = forms.TypedChoiceField(
        label=LABELS["gift_stock"], coerce=int, empty_value=None, required=False
    )
    benefits = forms.CharField(
        label=LABELS["benefits"], max_length=MAX_TEXT, required=False
    )
    has_early_access = forms.BooleanField(
        label=LABELS["has_early_access"],
        required=False,
        help_text=gettext_lazy(
            "Shown on the card. Activities grant it by their rule of who may join."
        ),
    )
    is_removed = forms.BooleanField(
        label=gettext_lazy("Remove this level"), required=False
    )

    def __init__(self, *args: Any, prizes: Sequence[PrizeStock], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["gift_stock"]
        field.choices = [("", "–"), *((prize.pk, prize.name) for prize in prizes)]

    @property
    def main(self) -> list[Any]:
        return [self[name] for name in ("name", "points", "title", "percent")]

    @property
    def more(self) -> list[Any]:
        names = ("gift_points", "gift_valid_days", "gift_stock", "benefits")
        return [self[name] for name in (*names, "has_early_access")]

    @property
    def is_new(self) -> bool:
        return not self["key"].value()

    def is_blank(self) -> bool:
        cleaned = self.cleaned_data
        return not cleaned.get("name") and cleaned.get("points") is None

    def to_input(self) -> LevelInput:
        cleaned = self.cleaned_data
        return LevelInput(
            key=cleaned["key"],
            name=cleaned["name"],
            points=cleaned["points"] or 0,
            title=cleaned["title"],
            percent=cleaned["percent"] or 100,
            gift_points=cleaned["gift_points"] or 0,
            gift_valid_days=cleaned["gift_valid_days"],
            gift_stock=cleaned["gift_stock"],
            has_early_access=cleaned["has_early_access"],
            benefits=cleaned["benefits"],
        )


class LadderForm:
    """The scheme and its levels, with two blank rows for further ones."""

    def __init__(
        self,
        data: Any,
        *,
        scheme: LevelScheme | None,
        levels: Sequence[Level],
        prizes: Sequence[PrizeStock],
    ) -> None:
        self.scheme = SchemeForm(data, scheme=scheme)
        count = len(levels) + BLANK_ROWS
        if data is not None:
            try:
                count = int(data.get("count", ""))
            except ValueError:
                count = 0
            count = min(max(count, 0), schemes.MAX_LEVELS + BLANK_ROWS)
        initials = [_initial_of(level) for level in levels]
        self.levels = [
            LevelForm(
                data,
                prefix=f"level-{index}",
                initial=initials[index] if index < len(initials) else {"percent": 100},
                prizes=prizes,
            )
            for index in range(count)
        ]
        self.count, self.error = count, ""

    def is_valid(self) -> bool:
        valid = [form.is_valid() for form in (self.scheme, *self.levels)]
        return all(valid)

    @property
    def has_errors(self) -> bool:
        return bool(self.error) or any(
            form.errors for form in (self.scheme, *self.levels)
        )

    def to_input(self) -> SchemeInput:
        cleaned = self.scheme.cleaned_data
        return SchemeInput(
            period=cleaned["period"],
            days=cleaned["days"] or 90,
            grace_days=cleaned["grace_days"],
            gift_budget=cleaned["gift_budget"],
            levels=[form.to_input() for form in self._kept()],
        )

    def _kept(self) -> list[LevelForm]:
        return [
            form
            for form in self.levels
            if not form.is_blank() and not form.cleaned_data["is_removed"]
        ]

    def add_error(self, error: errors.QunceError) -> None:
        """Show an error of the verb beside its field."""
        if not isinstance(error, InvalidLevels):
            self.error = str(error)
            return
        form: forms.Form = self.scheme
        if error.index is not None:
            form = self._kept()[error.index]
        if error.field in form.fields:
            form.add_error(error.field, str(error))
        else:
            self.error = str(error)


def _initial_of(level: Level) -> dict[str, Any]:
    return {
        "key": level.key,
        "name": level.name,
        "points": schemes.points_of(level),
        "title": level.title,
        "percent": level.percent,
        "gift_points": level.gift_points or None,
        "gift_valid_days": level.gift_valid_days,
        "gift_stock": level.gift_stock_id,
        "benefits": level.benefits,
        "has_early_access": level.has_early_access,
    }


class BadgeForm(forms.Form):
    """A badge; its rule is a segment, or the rule that it has already."""

    name = forms.CharField(label=badges.FIELDS["name"], max_length=MAX_NAME)
    letters = forms.CharField(
        label=badges.FIELDS["letters"],
        max_length=MAX_LETTERS,
        help_text=gettext_lazy("One or two characters that stand for it."),
    )
    description = forms.CharField(
        label=badges.FIELDS["description"],
        max_length=MAX_TEXT,
        required=False,
        help_text=gettext_lazy("Members read for what it is awarded."),
    )
    rule = forms.ChoiceField(label=badges.FIELDS["rule"])
    own_rule = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, by: Staff, badge: Badge | None = None) -> None:
        choice, own = campaign_forms.choice_of(badge.rule if badge else None)
        initial: dict[str, Any] = {"rule": choice, "own_rule": own}
        if badge is not None:
            names = ("name", "letters", "description")
            initial |= {name: getattr(badge, name) for name in names}
        super().__init__(data, initial=initial)
        field: Any = self.fields["rule"]
        choices: list[tuple[str, Any]] = [
            (campaign_forms.NONE, pgettext_lazy("badge", "by hand only")),
            *(
                (f"{campaign_forms.SEGMENT_PREFIX}{segment.key}", segment.name)
                for segment in segments.list_active(by.community)
            ),
        ]
        if own:
            try:
                text = labels.describe_rule(by, tree.parse_json(own))
            except (errors.QunceError, RecursionError):
                text = _("a rule that cannot be read")
            choices.append((campaign_forms.OWN_RULE, text[:80]))
        if choice not in dict(choices):
            choices.append((choice, choice))
        field.choices = choices

    def to_fields(self) -> dict[str, Any]:
        """The arguments of the verbs; raises RuleError."""
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "letters": cleaned["letters"],
            "description": cleaned["description"],
            "rule": campaign_forms.parse_choice(cleaned["rule"], cleaned["own_rule"]),
        }


class PlanForm(forms.Form):
    """A membership that is bought for a term."""

    name = forms.CharField(label=memberships.FIELDS["name"], max_length=MAX_NAME)
    months = forms.IntegerField(
        label=memberships.FIELDS["months"],
        min_value=1,
        max_value=memberships.MAX_MONTHS,
        initial=12,
    )
    category = forms.CharField(
        label=memberships.FIELDS["category"],
        max_length=80,
        required=False,
        help_text=gettext_lazy("Empty: only staff enter it."),
    )
    level = forms.TypedChoiceField(
        label=memberships.FIELDS["level"],
        coerce=int,
        empty_value=None,
        required=False,
    )
    remind_days = forms.IntegerField(
        label=memberships.FIELDS["remind_days"],
        min_value=0,
        max_value=memberships.MAX_REMIND_DAYS,
        initial=14,
        help_text=gettext_lazy("0: no reminder."),
    )

    def __init__(
        self, data: Any, *, community: Community, plan: MembershipPlan | None = None
    ) -> None:
        initial: dict[str, Any] | None = None
        if plan is not None:
            names = ("name", "months", "category", "remind_days")
            initial = {name: getattr(plan, name) for name in names}
            initial["level"] = plan.level_id
        super().__init__(data, initial=initial)
        self.found = {level.pk: level for level in schemes.list_all(community)}
        if plan is not None and plan.level is not None:
            self.found.setdefault(plan.level.pk, plan.level)
        field: Any = self.fields["level"]
        field.choices = [("", "–"), *((pk, row.name) for pk, row in self.found.items())]

    def to_fields(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {**cleaned, "level": self.found.get(cleaned["level"])}


class AwardForm(forms.Form):
    """Awards a badge to a member by hand."""

    badge = forms.TypedChoiceField(label=pgettext_lazy("clause", "Badge"), coerce=int)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=MAX_TEXT, required=False
    )

    def __init__(self, data: Any, *, rows: Sequence[Badge]) -> None:
        super().__init__(data)
        field: Any = self.fields["badge"]
        field.choices = [(badge.pk, badge.name) for badge in rows]


class TermForm(forms.Form):
    """Enters a term of a membership by hand; the key makes a second click one term."""

    plan = forms.TypedChoiceField(label=gettext_lazy("Membership"), coerce=int)
    months = forms.IntegerField(
        label=memberships.FIELDS["months"],
        min_value=1,
        max_value=memberships.MAX_MONTHS,
        required=False,
        help_text=gettext_lazy("Empty: the term of the membership."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=MAX_TEXT, required=False
    )
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, plans: Sequence[MembershipPlan], key: str = ""
    ) -> None:
        super().__init__(data, initial={"key": key})
        field: Any = self.fields["plan"]
        field.choices = [(plan.pk, plan.name) for plan in plans]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=MAX_TEXT)
