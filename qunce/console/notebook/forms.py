"""The form of an entry: the fields of its kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.ideas.forms import TagsField
from qunce.insight.metric_definitions import METRICS, RATIOS
from qunce.insight.notebook import notebook
from qunce.insight.notebook.models import Kind, NotebookEntry

PLACES: dict[str, tuple[str, ...]] = {
    Kind.COMPETITOR: ("who", "day", "title", "text", "effect", "url", "tags"),
    Kind.BENCHMARK: (
        "metric",
        "value",
        "unit",
        "source",
        "day",
        "title",
        "text",
        "url",
        "tags",
    ),
    Kind.PLATFORM_CHANGE: ("day", "title", "text", "source", "url", "tags"),
}
"""Kind → its fields, in the order of the form."""
LABELS = {
    (Kind.COMPETITOR, "title"): gettext_lazy("What they posted"),
    (Kind.COMPETITOR, "day"): gettext_lazy("When"),
    (Kind.BENCHMARK, "day"): gettext_lazy("As of"),
    (Kind.PLATFORM_CHANGE, "title"): gettext_lazy("What changed"),
    (Kind.PLATFORM_CHANGE, "day"): gettext_lazy("In force from"),
}
HELP = {
    "effect": gettext_lazy(
        "What you saw of it: reactions, orders, talk in your groups."
    ),
    "metric": gettext_lazy(
        "With the name of one of our numbers, it is shown beside that number."
    ),
    "source": gettext_lazy("Report, page or person that it comes from."),
}


class EntryForm(forms.Form):
    def __init__(
        self, kind: str, data: Any = None, *, entry: NotebookEntry | None = None
    ) -> None:
        super().__init__(data, initial=_initial_values(entry) if entry else None)
        self.kind = kind
        for name in PLACES[kind]:
            self.fields[name] = _field(kind, name)


def _field(kind: str, name: str) -> forms.Field:
    widget: forms.Widget
    options: dict[str, Any] = {
        "label": LABELS.get((Kind(kind), name), notebook.LABELS[name]),
        "required": name in notebook.NEEDED[Kind(kind)],
        "help_text": HELP.get(name, ""),
    }
    if name == "tags":
        return TagsField(help_text=gettext_lazy("Separated by commas."))
    if name == "day":
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(**options | {"required": True}, widget=widget)
    # Line breaks of a form are two characters.
    options["max_length"] = 2 * notebook.LENGTHS.get(name, 20)
    if name in ("text", "effect"):
        rows = 5 if name == "text" else 2
        return forms.CharField(**options, widget=forms.Textarea(attrs={"rows": rows}))
    if name == "metric":
        widget = forms.TextInput(attrs={"list": "metric-names"})
        return forms.CharField(**options, widget=widget)
    if name == "value":
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        return forms.CharField(**options, widget=widget)
    if name == "url":
        widget = forms.URLInput(attrs={"placeholder": "https://"})
        return forms.CharField(**options, widget=widget)
    return forms.CharField(**options)


def _initial_values(entry: NotebookEntry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in notebook.FIELDS}
    value = "" if entry.value is None else f"{entry.value.normalize():f}"
    return {
        **values,
        "value": value,
        "metric": notebook.metric_label(entry.metric),
        "tags": "，".join(entry.tags),
    }


def list_metric_names() -> list[str]:
    """The labels of all metrics and ratios, which the field of the metric offers."""
    every = (*RATIOS.values(), *METRICS.values())
    return sorted({str(each.label) for each in every})
