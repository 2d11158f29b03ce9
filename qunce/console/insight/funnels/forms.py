"""The funnel builder: a definition as form fields, and back."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import decimals, json_values, money
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.insight.funnels import funnels
from qunce.insight.funnels.definitions import LOOSE, MAX_STEPS, MIN_STEPS, STRICT
from qunce.sets import audiences

MAX_GROUPS = 500
SIGNS = (
    ("in", gettext_lazy("is one of")),
    ("gte", gettext_lazy("at least")),
    ("lte", gettext_lazy("at most")),
)
STEP_FIELDS = ("kind", "group")
CONDITION_FIELDS = ("field", "sign", "value")
MAX_CONDITIONS = 5
EVER, WITHIN, SINCE, BETWEEN, KEPT = "ever", "within", "since", "between", "kept"
WINDOWS = (
    (WITHIN, gettext_lazy("in the last … days")),
    (SINCE, gettext_lazy("since a date")),
    (BETWEEN, gettext_lazy("between two dates")),
    (EVER, gettext_lazy("at any time")),
)
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FunnelForm(forms.Form):
    """Each step has a kind of fact, a group and conditions on fields, which all hold.

    The fields of the second condition of the first step are called `field0_1`,
    `sign0_1` and `value0_1`. What a definition of the API has beyond that is kept in `more0`, `more1` and so on.
    """

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=funnels.MAX_NAME, required=False
    )
    order = forms.ChoiceField(
        label=gettext_lazy("Order of the steps"),
        choices=[
            (STRICT, gettext_lazy("each later than the one before")),
            (LOOSE, gettext_lazy("any order")),
        ],
    )
    total = forms.IntegerField(
        label=gettext_lazy("All steps within"),
        required=False,
        min_value=1,
        max_value=3660,
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Days or hours"),
        choices=[("d", gettext_lazy("days")), ("h", gettext_lazy("hours"))],
    )

    when = forms.ChoiceField(label=gettext_lazy("All of it"), choices=WINDOWS)
    span = forms.IntegerField(
        label=gettext_lazy("How many days"), required=False, min_value=1, max_value=3660
    )
    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=DAY_INPUT)
    until = forms.DateField(
        label=gettext_lazy("Until (inclusive)"), required=False, widget=DAY_INPUT
    )
    kept = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    """The time of a definition of the API that the form has no fields for."""

    def __init__(
        self, data: Any = None, *, staff: Staff, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.currency = staff.community.currency
        chosen = [self._chosen(f"kind{n}") for n in range(MAX_STEPS)]
        kinds = _kinds(staff, chosen)
        groups = visibility.list_visible(staff).order_by("name", "pk")
        group_choices = [
            ("", _("any group")),
            *groups.values_list("key", "name")[:MAX_GROUPS],
        ]
        for n in range(MAX_STEPS):
            self._add_step(n, kinds, group_choices, chosen[n])
        if self._chosen("kept"):
            window: Any = self.fields["when"]
            window.choices = [*WINDOWS, (KEPT, _("as set through the API"))]

    def _chosen(self, name: str) -> str:
        source: Any = self.data if self.is_bound else self.initial
        return str(source.get(name) or "")

    def _add_step(
        self, n: int, kinds: list[tuple[str, str]], groups: list[Any], kind: str
    ) -> None:
        none = [] if n < MIN_STEPS else [("", _("no further step"))]
        self.fields[f"kind{n}"] = forms.ChoiceField(
            label=_("Step %(n)s") % {"n": n + 1},
            choices=[*none, *kinds],
            required=n < MIN_STEPS,
        )
        self.fields[f"group{n}"] = forms.ChoiceField(
            label=_("In the group"), choices=groups, required=False
        )
        self.fields[f"more{n}"] = forms.CharField(
            required=False, max_length=4_000, widget=forms.HiddenInput
        )
        for place in _list_places(n):
            self._add_condition(place, kind)

    def _add_condition(self, place: str, kind: str) -> None:
        self.fields[f"field{place}"] = forms.ChoiceField(
            label=_("Condition on"),
            required=False,
            choices=[
                ("", _("no condition")),
                *((name, facts.field_label(kind, name)) for name in _fields(kind)),
            ],
        )
        self.fields[f"sign{place}"] = forms.ChoiceField(
            label=_("Comparison"), choices=SIGNS, required=False, initial="in"
        )
        self.fields[f"value{place}"] = forms.CharField(
            label=pgettext("condition", "Value"), required=False, max_length=200
        )

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The fields of each step that the page shows: the chosen ones and one more."""
        chosen = [n for n in range(MAX_STEPS) if self._chosen(f"kind{n}")]
        shown = min(max([*chosen, MIN_STEPS - 1]) + 2, MAX_STEPS)
        return [
            {
                "number": n + 1,
                "more": self[f"more{n}"],
                "has_more": bool(self._chosen(f"more{n}")),
                "conditions": self._shown_conditions(n),
                **{name: self[f"{name}{n}"] for name in STEP_FIELDS},
            }
            for n in range(shown)
        ]

    def _shown_conditions(self, n: int) -> list[dict[str, forms.BoundField]]:
        """The conditions of a step and an empty one; none if its facts have no fields."""
        places = _list_places(n)
        chosen = [i for i, at in enumerate(places) if self._chosen(f"field{at}")]
        if not chosen and not _fields(self._chosen(f"kind{n}")):
            return []
        return [
            {name: self[f"{name}{place}"] for name in CONDITION_FIELDS}
            for place in places[: max([*chosen, -1]) + 2]
        ]

    def definition(self) -> dict[str, Any]:
        """The definition; only after `is_valid`. Raises ValidationError for a value."""
        data = self.cleaned_data
        steps = [self._step(n, data) for n in range(MAX_STEPS) if data.get(f"kind{n}")]
        found: dict[str, Any] = {"steps": steps, "order": data["order"]}
        if data["total"]:
            found["within"] = f"{data['total']}{data['unit']}"
        during = self._window(data)
        return found | ({"during": during} if during else {})

    def _window(self, data: dict[str, Any]) -> dict[str, Any]:
        when = data["when"]
        needed = {WITHIN: ["span"], SINCE: ["day"], BETWEEN: ["day", "until"]}
        for name in needed.get(when, ()):
            if data[name] is None:
                raise forms.ValidationError({name: _("Fill in this field.")})
        if when == WITHIN:
            return {"within": f"{data['span']}d"}
        if when == SINCE:
            return {"since": data["day"].isoformat()}
        if when == BETWEEN:
            return {"between": [data["day"].isoformat(), data["until"].isoformat()]}
        return json_values.parse_or_empty(dict, data["kept"]) if when == KEPT else {}

    def _step(self, n: int, data: dict[str, Any]) -> dict[str, Any]:
        kind = data[f"kind{n}"]
        more = json_values.parse_or_empty(dict, data[f"more{n}"])
        step: dict[str, Any] = {"kind": kind}
        where: dict[str, Any] = {}
        # What was kept belongs to the kind it was written for.
        if more.get("kind") == kind:
            kept = more.get("where")
            where |= kept if isinstance(kept, dict) else {}
            if "hours" in more:
                step["hours"] = more["hours"]
        if data[f"group{n}"]:
            where["group"] = [data[f"group{n}"]]
        for place in _list_places(n):
            field = data[f"field{place}"]
            if not field:
                continue
            if not data[f"value{place}"]:
                message = _("Step %(n)s: write a value.") % {"n": n + 1}
                raise forms.ValidationError({f"value{place}": message})
            condition = self._condition(place, kind, field, data)
            where[field] = self._join(n, place, where.get(field), condition)
        return step | ({"where": where} if where else {})

    def _join(self, n: int, place: str, earlier: Any, condition: Any) -> Any:
        """Two limits of a field as one condition, such as at least 1 and at most 9."""
        if earlier is None:
            return condition
        both = isinstance(earlier, dict) and isinstance(condition, dict)
        if not both or earlier.keys() & condition.keys():
            message = _(
                "Step %(n)s: a field has two conditions that do not go together."
            )
            raise forms.ValidationError({f"field{place}": message % {"n": n + 1}})
        return earlier | condition

    def _condition(
        self, place: str, kind: str, field: str, data: dict[str, Any]
    ) -> Any:
        sign, text = data[f"sign{place}"] or "in", data[f"value{place}"]
        if sign == "in":
            is_number = field in facts.list_number_fields(kind)
            texts = [part.strip() for part in text.replace("，", ",").split(",")]
            return [
                self._number(place, kind, field, part) if is_number else part
                for part in texts
                if part
            ]
        return {sign: self._number(place, kind, field, text)}

    def _number(self, place: str, kind: str, field: str, text: str) -> Any:
        try:
            if field in facts.money_fields(kind):
                number = decimals.parse(text).scaleb(
                    money.decimal_places(self.currency), decimals.EXACT
                )
            else:
                number = decimals.parse(text)
            is_whole = number == number.to_integral_value()
            return int(number) if is_whole else float(number)
        except decimals.NotADecimal:
            message = _("Write a number, such as 12.5.")
            raise forms.ValidationError({f"value{place}": message}) from None


def to_initial(definition: dict[str, Any], name: str, currency: str) -> dict[str, Any]:
    """The fields of a definition."""
    within = str(definition.get("within") or "")
    initial: dict[str, Any] = {
        "name": name,
        "order": definition.get("order", STRICT),
        "total": within[:-1] or None,
        "unit": within[-1:] or "d",
        **_window_to_fields(definition.get("during") or {}),
    }
    for n, step in enumerate(definition["steps"]):
        initial |= _to_fields(step, n, currency)
    return initial


def _window_to_fields(during: dict[str, Any]) -> dict[str, Any]:
    if not during:
        return {"when": EVER}
    if str(during.get("within", "")).endswith("d"):
        return {"when": WITHIN, "span": int(during["within"][:-1])}
    if "since" in during:
        return {"when": SINCE, "day": during["since"]}
    if "between" in during:
        first, last = during["between"]
        return {"when": BETWEEN, "day": first, "until": last}
    return {"when": KEPT, "kept": json.dumps(during)}


def _list_places(n: int) -> list[str]:
    """What the names of the fields of each condition of a step end with."""
    return [f"{n}_{i}" if i else str(n) for i in range(MAX_CONDITIONS)]


def _to_fields(step: dict[str, Any], n: int, currency: str) -> dict[str, str]:
    """The fields of a step; conditions that the form cannot show are in `more`."""
    kind, where = step["kind"], dict(step.get("where") or {})
    found = {f"kind{n}": kind}
    group = where.get("group")
    keys = [group] if isinstance(group, str) else group or []
    if len(keys) == 1:
        found[f"group{n}"] = keys[0]
        del where["group"]
    places = _list_places(n)
    for field, condition in list(where.items()):
        texts = _to_texts(kind, field, condition, currency)
        if field not in _fields(kind) or not 0 < len(texts) <= len(places):
            continue
        for sign, value in texts:
            place = places.pop(0)
            found |= {f"field{place}": field, f"sign{place}": sign}
            found[f"value{place}"] = value
        del where[field]
    more = {"kind": kind, "where": where} if where else {}
    if "hours" in step:
        more |= {"kind": kind, "hours": step["hours"]}
    return found | ({f"more{n}": json.dumps(more, ensure_ascii=False)} if more else {})


def _to_texts(
    kind: str, field: str, condition: Any, currency: str
) -> list[tuple[str, str]]:
    """The signs and values of a condition; none if the form cannot show it."""

    def text(value: Any) -> str:
        is_money = field in facts.money_fields(kind)
        return f"{money.to_exact_amount(value, currency):f}" if is_money else str(value)

    if isinstance(condition, dict):
        is_shown = condition.keys() <= {"gte", "lte"}
        return [(sign, text(value)) for sign, value in condition.items() if is_shown]
    values = condition if isinstance(condition, list) else [condition]
    if any(isinstance(value, bool) or "," in str(value) for value in values):
        return []
    return [("in", ", ".join(map(text, values)))]


def _fields(kind: str) -> list[str]:
    return [name for name in facts.list_fields(kind) if name != "group"]


def _kinds(staff: Staff, chosen: list[str]) -> list[tuple[str, str]]:
    # A template may name a kind that only other communities have facts of.
    others = [kind for kind in chosen if kind and facts.find_kind(kind) is not None]
    known = {*audiences.list_fact_kinds(staff.community), *others}
    labelled = ((kind, facts.label_of(kind)) for kind in known)
    return sorted(labelled, key=lambda choice: choice[1])
