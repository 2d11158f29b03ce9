"""The funnel builder: a definition as form fields, and back."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import decimals, money
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
STEP_FIELDS = ("kind", "group", "field", "sign", "value")
EVER, WITHIN, SINCE, BETWEEN, KEPT = "ever", "within", "since", "between", "kept"
WINDOWS = (
    (WITHIN, gettext_lazy("in the last … days")),
    (SINCE, gettext_lazy("since a date")),
    (BETWEEN, gettext_lazy("between two dates")),
    (EVER, gettext_lazy("at any time")),
)
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FunnelForm(forms.Form):
    """Each step has a kind of fact, a group and one condition on a field.

    What a definition of the API has beyond that is kept in `more0`, `more1` and so on.
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
        self.fields[f"field{n}"] = forms.ChoiceField(
            label=_("Condition on"),
            required=False,
            choices=[
                ("", _("no condition")),
                *((name, facts.field_label(kind, name)) for name in _fields(kind)),
            ],
        )
        self.fields[f"sign{n}"] = forms.ChoiceField(
            label=_("Comparison"), choices=SIGNS, required=False
        )
        self.fields[f"value{n}"] = forms.CharField(
            label=pgettext("condition", "Value"), required=False, max_length=200
        )
        self.fields[f"more{n}"] = forms.CharField(
            required=False, max_length=4_000, widget=forms.HiddenInput
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
                "is_chosen": bool(self._chosen(f"kind{n}")),
                **{name: self[f"{name}{n}"] for name in STEP_FIELDS},
            }
            for n in range(shown)
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
        return _load_object(data["kept"]) if when == KEPT else {}

    def _step(self, n: int, data: dict[str, Any]) -> dict[str, Any]:
        kind = data[f"kind{n}"]
        more = _load_object(data[f"more{n}"])
        step: dict[str, Any] = {"kind": kind}
        where: dict[str, Any] = {}
        # What was kept belongs to the kind it was written for.
        if more.get("kind") == kind:
            where |= more.get("where", {})
            if "hours" in more:
                step["hours"] = more["hours"]
        if data[f"group{n}"]:
            where["group"] = [data[f"group{n}"]]
        field = data[f"field{n}"]
        if field:
            if not data[f"value{n}"]:
                message = _("Step %(n)s: write a value.") % {"n": n + 1}
                raise forms.ValidationError({f"value{n}": message})
            where[field] = self._condition(n, kind, field, data)
        return step | ({"where": where} if where else {})

    def _condition(self, n: int, kind: str, field: str, data: dict[str, Any]) -> Any:
        sign, text = data[f"sign{n}"] or "in", data[f"value{n}"]
        if sign == "in":
            is_number = field in facts.list_number_fields(kind)
            texts = [part.strip() for part in text.replace("，", ",").split(",")]
            return [
                self._number(n, kind, field, part) if is_number else part
                for part in texts
                if part
            ]
        return {sign: self._number(n, kind, field, text)}

    def _number(self, n: int, kind: str, field: str, text: str) -> Any:
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
            raise forms.ValidationError({f"value{n}": message}) from None


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
        initial |= {
            f"{key}{n}": text for key, text in _to_fields(step, currency).items()
        }
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


def _to_fields(step: dict[str, Any], currency: str) -> dict[str, str]:
    kind, where = step["kind"], dict(step.get("where") or {})
    found = {"kind": kind}
    group = where.get("group")
    keys = [group] if isinstance(group, str) else group or []
    if len(keys) == 1:
        found["group"] = keys[0]
        del where["group"]
    for field, condition in list(where.items()):
        texts = _to_texts(kind, field, condition, currency)
        if texts and field in _fields(kind):
            found |= {"field": field, "sign": texts[0], "value": texts[1]}
            del where[field]
            break
    more = {"kind": kind, "where": where} if where else {}
    if "hours" in step:
        more |= {"kind": kind, "hours": step["hours"]}
    return found | ({"more": json.dumps(more, ensure_ascii=False)} if more else {})


def _to_texts(
    kind: str, field: str, condition: Any, currency: str
) -> tuple[str, str] | None:
    """The sign and the value of a condition; None if the form has no such condition."""

    def text(value: Any) -> str:
        is_money = field in facts.money_fields(kind)
        return f"{money.to_exact_amount(value, currency):f}" if is_money else str(value)

    if isinstance(condition, dict):
        ((sign, value),) = list(condition.items())[:1] or [("", "")]
        if len(condition) == 1 and sign in ("gte", "lte"):
            return sign, text(value)
        return None
    values = condition if isinstance(condition, list) else [condition]
    if any(isinstance(value, bool) or "," in str(value) for value in values):
        return None
    return "in", ", ".join(map(text, values))


def _load_object(text: str) -> dict[str, Any]:
    try:
        more = json.loads(text or "{}")
    except ValueError:
        return {}
    return more if isinstance(more, dict) else {}


def _fields(kind: str) -> list[str]:
    return [name for name in facts.list_fields(kind) if name != "group"]


def _kinds(staff: Staff, chosen: list[str]) -> list[tuple[str, str]]:
    # A template may name a kind that only other communities have facts of.
    others = [kind for kind in chosen if kind and facts.find_kind(kind) is not None]
    known = {*audiences.list_fact_kinds(staff.community), *others}
    labelled = ((kind, facts.label_of(kind)) for kind in known)
    return sorted(labelled, key=lambda choice: choice[1])
