"""Thresholds of a layering as form fields, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.layers import forms
from qunce.members.layers import layering_specs as layer_specs

NAMES = st.text("abc 高", max_size=5).map(str.strip)
SHARES = st.integers(1, 99_999).map(
    lambda n: {"top": f"{n / 1000:.3f}".rstrip("0").rstrip(".") + "%"}
)
BOUNDS = st.integers(-(10**9), 10**9).map(lambda n: {"gte": n})
KINDS = st.sampled_from([{"order.paid": 1, "order.refunded": -1}, {"visit.made": 1}])


@st.composite
def specs(draw: st.DrawFn) -> Any:
    size = draw(st.integers(1, 4))
    layers = [
        {"key": f"l{n}", **draw(SHARES | BOUNDS), **_draw_name(draw)}
        for n in range(size)
    ]
    last = {"key": "rest", **_draw_name(draw)}
    spec = {"by": "measure", "kinds": draw(KINDS), "layers": [*layers, last]}
    return spec | draw(st.sampled_from([{}, {"within": "180d"}]))


def _draw_name(draw: st.DrawFn) -> dict[str, str]:
    name = draw(NAMES)
    return {"name": name} if name else {}


def untouched_form(spec: Any, currency: str) -> dict[str, str]:
    """Return what a browser sends if nothing was changed in the form."""
    data = {"within": spec.get("within", "").removesuffix("d")}
    for index, field in enumerate(forms.fields_of(spec, currency)):
        data |= {f"name-{index}": field.name}
        if field.method in ("top", "gte"):
            data |= {f"method-{index}": field.method, f"value-{index}": field.value}
    return data


@given(specs(), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_unchanged_form_keeps_the_spec(spec: Any, currency: str) -> None:
    layer_specs.check(spec)
    assert forms.apply_form(spec, untouched_form(spec, currency), currency) == spec


def test_amounts_are_parsed_in_the_community_currency() -> None:
    data = {"method-0": "gte", "value-0": "1,234.50", "name-0": "Best"}
    spec = forms.apply_form(layer_specs.VALUE, data, "CNY")
    assert spec["layers"][0] == {"key": "high", "gte": 123450, "name": "Best"}
    assert layer_specs.VALUE["layers"][0] == {"key": "high", "top": "20%"}


@pytest.mark.parametrize("text", ["", "abc", "1..2", "NaN", "0", "101", "-5"])
def test_invalid_percentage_is_rejected(text: str) -> None:
    data = {"method-0": "top", "value-0": text}
    with pytest.raises(layer_specs.InvalidLayering):
        layer_specs.check(forms.apply_form(layer_specs.VALUE, data, "CNY"))


def test_rules_of_layers_are_kept() -> None:
    data = {"method-0": "top", "value-0": "3", "name-0": "Fresh"}
    spec = forms.apply_form(layer_specs.LIFECYCLE, data, "CNY")
    assert spec["layers"][0]["rule"] == layer_specs.LIFECYCLE["layers"][0]["rule"]
    assert "top" not in spec["layers"][0]
