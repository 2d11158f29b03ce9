"""Fields that several clauses share: spans of time, comparisons, picking by search."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

if TYPE_CHECKING:
    from collections.abc import Callable

Choices = Sequence[tuple[str, StrOrPromise]]


class Lacking(Exception):
    """What a field still needs before the clause says anything."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def need(cleaned: Mapping[str, Any], field: str) -> Any:
    found = cleaned.get(field)
    if found in (None, "", []):
        raise Lacking(field, _("Fill in this field."))
    return found


# Spans of time

WHEN: Choices = (
    ("ever", gettext_lazy("at any time")),
    ("within", gettext_lazy("in the last … days")),
    ("hours", gettext_lazy("in the last … hours")),
    ("ago", gettext_lazy("more than … days ago")),
    ("since", gettext_lazy("since a date")),
    ("before", gettext_lazy("before a date")),
    ("between", gettext_lazy("between two dates")),
)
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WindowForm(forms.Form):
    """`span` counts days or hours; `day` and `until` are dates of the community."""

    when = forms.ChoiceField(label=gettext_lazy("When"), choices=WHEN)
    span = forms.IntegerField(
        label=gettext_lazy("How many"), required=False, min_value=1, max_value=3660
    )
    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=DAY)
    until = forms.DateField(
        label=gettext_lazy("Until (inclusive)"), required=False, widget=DAY
    )


def window_fill(args: Mapping[str, Any]) -> dict[str, Any]:
    for word in ("within", "before"):
        found = re.fullmatch(r"(\d{1,5})([dh])", str(args.get(word, "")))
        if found:
            when = {"withind": "within", "withinh": "hours", "befored": "ago"}
            return {"when": when.get(word + found[2], "ever"), "span": int(found[1])}
    for word in ("since", "before"):
        if word in args:
            return {"when": word, "day": args[word]}
    if "between" in args:
        first, last = args["between"]
        return {"when": "between", "day": first, "until": last}
    return {"when": "ever"}


def window_args(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    when = cleaned.get("when")
    if when in ("within", "hours", "ago"):
        span = need(cleaned, "span")
        return {
            "within": {"within": f"{span}d"},
            "hours": {"within": f"{span}h"},
            "ago": {"before": f"{span}d"},
        }[str(when)]
    if when in ("since", "before"):
        return {str(when): need(cleaned, "day").isoformat()}
    if when == "between":
        first, last = need(cleaned, "day"), need(cleaned, "until")
        return {"between": [first.isoformat(), last.isoformat()]}
    return {}


# Comparisons with whole numbers

SIGNS: Choices = (
    ("gte", gettext_lazy("at least")),
    ("lte", gettext_lazy("at most")),
    ("eq", gettext_lazy("exactly")),
    ("gt", gettext_lazy("more than")),
    ("lt", gettext_lazy("fewer than")),
    ("between", gettext_lazy("from … to")),
)


def compared_fill(bounds: Mapping[str, Any]) -> dict[str, Any]:
    """Two bounds other than “from … to” do not fit the fields: one is left out."""
    if set(bounds) == {"gte", "lte"}:
        return {"sign": "between", "number": bounds["gte"], "most": bounds["lte"]}
    sign = next(iter(bounds))
    return {"sign": sign, "number": bounds[sign]}


def compared_args(cleaned: Mapping[str, Any]) -> dict[str, int]:
    number = need(cleaned, "number")
    if cleaned["sign"] == "between":
        return {"gte": number, "lte": need(cleaned, "most")}
    return {cleaned["sign"]: number}


# Picking things by name


@dataclass(frozen=True)
class Option:
    """Something that can be picked; `hint` tells twins apart."""

    key: str
    label: str
    hint: str = ""
    known: bool = True


class Picker(forms.Widget):
    """What is chosen on top, then what the search finds; check boxes, so that it works
    by keyboard and without script."""

    template_name = "console/segments/picker.html"
    find: Callable[[str], list[Option]]
    named: Callable[[Sequence[str]], list[Option]]
    asked = ""
    """What stands in the search box."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        self.asked = str(data.get(f"{name}-find", ""))[:80]
        given = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return list(dict.fromkeys(str(key) for key in given))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = self.named(list(value or []))
        keys = {option.key for option in chosen}
        found = [each for each in self.find(self.asked) if each.key not in keys]
        return context | {"asked": self.asked, "chosen": chosen, "found": found}

    def id_for_label(self, id_: str | None, index: str | None = None) -> str:
        return f"{id_}-find" if id_ else ""


class PickField(forms.Field):
    widget = Picker

    def clean(self, value: Any) -> list[str]:
        return list(value or [])
