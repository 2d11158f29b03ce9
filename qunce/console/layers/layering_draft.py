"""A layering while it is being edited. Its whole state is in the form of the page.

`spec` is in a hidden field; the names, thresholds and numbers that the page shows are
applied to it. One layer at a time may have its rule open in the rule builder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.console.layers import forms
from qunce.console.segments import rule_draft, rule_editing
from qunce.console.segments.rule_draft import Draft
from qunce.core import errors
from qunce.core.unique_keys import unused_key
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers.layering_specs import InvalidLayering
from qunce.members.tags import naming

if TYPE_CHECKING:
    from qunce.console.segments.builder_choices import Choices

MAX_LENGTH = 500_000
EVERYONE: Any = {"all": []}


@dataclass(frozen=True)
class LayeringDraft:
    """`layer` is the index of the layer whose rule is open, and `rule` that rule.

    `error` is why the form could not be read, and `typed` what it had.
    """

    spec: Any
    name: str = ""
    default: str = ""
    layer: int | None = None
    rule: Draft | None = None
    error: str = ""
    typed: Mapping[str, Any] | None = None

    @property
    def spec_text(self) -> str:
        return rule_draft.dump(self.spec)

    @property
    def is_open(self) -> bool:
        return self.layer is not None


def load(data: Mapping[str, Any], choices: Choices) -> LayeringDraft:
    """The draft in submitted data; what cannot be read stays as an error.

    Raises InvalidLayering if the hidden spec is none.
    """
    spec = _parse_spec(str(data.get("spec", "")))
    draft = LayeringDraft(
        spec,
        naming.normalise(str(data.get("name", "")))[:120],
        str(data.get("default", "")),
    )
    try:
        applied = forms.apply_form(spec, data, choices.currency)
        layer_specs.check(applied)
        draft = replace(draft, spec=applied)
    except errors.QunceError as error:
        draft = replace(draft, error=str(error), typed=data)
    index = str(data.get("layer", ""))
    if index.isdecimal() and int(index[:3]) < len(spec["layers"]) - 1:
        draft = replace(
            draft, layer=int(index[:3]), rule=rule_draft.load(data, choices)
        )
    return draft


def _parse_spec(text: str) -> Any:
    try:
        spec = json.loads(text) if len(text) <= MAX_LENGTH else None
    except (ValueError, RecursionError):
        spec = None
    layer_specs.check(spec)
    return spec


def apply_action(draft: LayeringDraft, action: str, choices: Choices) -> LayeringDraft:
    """The draft after a button: one of the layers, or one of the open rule."""
    if draft.error:
        return draft
    name, _colon, argument = action.partition(":")
    if name not in ACTIONS:
        if draft.rule is None:
            return draft
        return replace(draft, rule=rule_draft.apply_action(draft.rule, action, choices))
    draft = close_rule(draft)
    if draft.is_open:
        return draft
    index = int(argument[:3]) if argument.isdecimal() else 0
    try:
        return ACTIONS[name](draft, index)
    except (InvalidLayering, IndexError) as error:
        return replace(draft, error=str(error))


def close_rule(draft: LayeringDraft) -> LayeringDraft:
    """Put the open rule into its layer; an incomplete condition keeps it open."""
    if draft.rule is None or draft.layer is None:
        return draft
    closed = rule_draft.close_form(draft.rule)
    if closed.open:
        return replace(draft, rule=closed)
    spec = with_rule(draft.spec, draft.layer, closed.rule)
    return replace(draft, spec=spec, layer=None, rule=None)


def with_open_rule(draft: LayeringDraft) -> Any:
    """The spec with the rule as it is while it is being edited."""
    if draft.rule is None or draft.layer is None:
        return draft.spec
    rule = draft.rule.rule
    form = draft.rule.form
    if form is not None and form.is_bound and form.is_valid():
        rule, _line = rule_draft.with_form_clause(draft.rule)
    return with_rule(draft.spec, draft.layer, rule)


def with_rule(spec: Any, index: int, rule: Any) -> Any:
    """The spec with another rule of a layer, and without numbers that no rule has.

    A rule that was not changed keeps its placeholders.
    """
    layer = spec["layers"][index]
    if rule_editing.normalise(layer_specs.rule_of(layer, spec, {})) == rule:
        return spec
    layers = [
        {**each, "rule": rule} if number == index else each
        for number, each in enumerate(spec["layers"])
    ]
    used = layer_specs.list_placeholders([layer.get("rule") for layer in layers])
    new = {**spec, "layers": layers}
    numbers = {k: v for k, v in (spec.get("numbers") or {}).items() if k in used}
    new.pop("numbers", None)
    if numbers:
        new["numbers"] = numbers
    if not used & set(layer_specs.GAPS):
        new.pop("gaps", None)
    return new


# Actions

Action = Callable[[LayeringDraft, int], LayeringDraft]


def _with_layers(draft: LayeringDraft, layers: list[Any]) -> LayeringDraft:
    spec = {**draft.spec, "layers": layers}
    layer_specs.check(spec)
    keys = [layer["key"] for layer in layers]
    default = draft.default if draft.default in keys else keys[-1]
    return replace(draft, spec=spec, default=default)


def add_layer(draft: LayeringDraft, index: int) -> LayeringDraft:
    """Add a layer before the one of everyone else, and open its rule."""
    *others, rest = draft.spec["layers"]
    keys = {layer["key"] for layer in draft.spec["layers"]}
    layer = {"key": unused_key("layer", keys), "name": _("New layer")}
    if draft.spec["by"] == "measure":
        return _with_layers(draft, [*others, layer | {"top": "10%"}, rest])
    added = _with_layers(draft, [*others, layer | {"rule": EVERYONE}, rest])
    return open_rule(added, len(others))


def remove_layer(draft: LayeringDraft, index: int) -> LayeringDraft:
    layers = list(draft.spec["layers"])
    if index < len(layers) - 1:
        del layers[index]
    return _with_layers(draft, layers)


def _move(offset: int) -> Action:
    def move(draft: LayeringDraft, index: int) -> LayeringDraft:
        *layers, rest = draft.spec["layers"]
        other = index + offset
        if not (index < len(layers) and 0 <= other < len(layers)):
            return draft
        layers[index], layers[other] = layers[other], layers[index]
        return _with_layers(draft, [*layers, rest])

    return move


def open_rule(draft: LayeringDraft, index: int) -> LayeringDraft:
    layer = draft.spec["layers"][index]
    if "rule" not in layer:
        return draft
    rule = layer_specs.rule_of(layer, draft.spec, {})
    return replace(draft, layer=index, rule=rule_draft.start(rule))


def close(draft: LayeringDraft, index: int) -> LayeringDraft:
    return draft


ACTIONS: dict[str, Action] = {
    "layer-add": add_layer,
    "layer-remove": remove_layer,
    "layer-up": _move(-1),
    "layer-down": _move(1),
    "layer-open": open_rule,
    "layer-close": close,
}


# Starting


def start_own(by: str) -> Any:
    """The spec of a layering of one's own, by `rules` or by `measure`."""
    rest = {"key": "rest", "name": _("Everyone else")}
    if by == "measure":
        top = {"key": "layer", "name": _("Top"), "top": "20%"}
        kinds = dict(layer_specs.SPENDING_KINDS)
        return {
            "by": "measure",
            "kinds": kinds,
            "within": "180d",
            "layers": [top, rest],
        }
    first = {"key": "layer", "name": _("First layer"), "rule": EVERYONE}
    return {"by": "rules", "layers": [first, rest]}
