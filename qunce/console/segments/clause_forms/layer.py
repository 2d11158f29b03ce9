"""The form of the clause `layer`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm


class LayerForm(ClauseForm):
    name = "layer"
    label = gettext_lazy("Layer")
    icon = "square-3-stack-3d"
    order = 50
    first_field = "layers"
    layers = fields.PickField(
        label=gettext_lazy("Is in one of these layers"), required=False
    )
    on = forms.DateField(
        label=gettext_lazy("At the end of the day (empty: now)"),
        required=False,
        widget=fields.DAY_INPUT,
    )

    def set_up(self) -> None:
        self.use_picker("layers", "layer")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        layers = [f"{args['of']}/{key}" for key in args["in"]]
        return {"layers": layers, "on": args.get("on")}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        pairs = [self._split(key) for key in fields.require(cleaned, "layers")]
        if len({layering for layering, _layer in pairs}) > 1:
            message = _("Choose layers from a single layering.")
            raise forms.ValidationError({"layers": message})
        day = {"on": cleaned["on"].isoformat()} if cleaned.get("on") else {}
        return {"of": pairs[0][0], "in": [layer for _layering, layer in pairs], **day}

    def _split(self, key: str) -> tuple[str, str]:
        """The keys of layering and layer; that of a layering may have a slash, too."""
        for layering in self.choices.layerings:
            if key.startswith(f"{layering.key}/"):
                return layering.key, key.removeprefix(f"{layering.key}/")
        layering_key, _slash, layer = key.partition("/")
        return layering_key, layer


@builder_choices.register_finder("layer")
def find_layers(choices: Choices, query: str) -> list[Option]:
    folded = query.strip().casefold()
    options = [
        Option(
            f"{layering.key}/{layer['key']}",
            layer.get("name") or layer["key"],
            layering.name,
        )
        for layering in choices.layerings
        for layer in layering.spec["layers"]
    ]
    return [
        option
        for option in options
        if folded in option.label.casefold() or folded in option.hint.casefold()
    ][: builder_choices.MAX_OPTIONS]
