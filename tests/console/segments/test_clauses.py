"""K8: each clause's form and the clause itself undo each other; nothing is cut short."""

from __future__ import annotations

from functools import cached_property
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.segments import behaviour_forms, clause_forms
from qunce.console.segments.choices import Desk
from qunce.console.segments.form_fields import Option, Picker
from qunce.members.attributes.attributes import Attribute
from tests.oracle import strategies
from tests.oracle.questions import Known, Questions


class Bare(Desk):
    """What is there without a community."""

    def picker(self, what: str) -> Picker:
        found = Picker()
        found.find = lambda asked: []
        found.named = lambda keys: [Option(key, key) for key in keys]
        return found

    def values(self, attribute: Attribute) -> Picker:
        return self.picker("values")

    @cached_property
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in strategies.KINDS]

    @cached_property
    def attributes(self) -> list[Attribute]:
        types = strategies.TYPES.items()
        return [Attribute(name=name, label=name, type=kind) for name, kind in types]

    @cached_property
    def layerings(self) -> list[Any]:
        layers = [{"key": key} for key in strategies.LAYERS]
        return [SimpleNamespace(key="value", name="Value", spec={"layers": layers})]

    @cached_property
    def tag_groups(self) -> list[tuple[str, str]]:
        return [("worth", "worth"), ("taste", "taste")]


DESK = Bare(by=None, at=None)  # type: ignore[arg-type]
SETTING = strategies.SETTINGS[0]


def leaf(random: Random) -> Any:
    known = Known(["m0", "m1"], ["loyal"], ["list0"])
    return Questions(random, SETTING, known).leaf()


def sent(form: clause_forms.ClauseForm) -> clause_forms.ClauseForm:
    """The same form as a browser sends it back untouched."""
    args = {
        name: form.get_initial_for_field(form.fields[name], name)
        for name in form.fields
    }
    return type(form)(DESK, clause_forms.posted(form.name, args))


@given(st.randoms(use_true_random=False))
def test_looking_at_a_clause_changes_nothing(random: Random) -> None:
    clause = leaf(random)
    form = sent(clause_forms.open_form(DESK, clause))
    assert form.is_valid(), form.errors
    assert form.clause == clause_forms.listed(clause)


PLAIN = [
    {"tag": {"any": ["vip"], "depth": {"gte": 2, "lte": 4}}},
    {"tag": {"untagged": True}},
    {"tag": {"untagged": "worth"}},
    {"group": {"none": ["north"]}},
    {"segment": {"frozen": ["list0"]}},
    {"layer": {"of": "value", "in": ["high", "low"]}},
    {"joined": {"within": "12h"}},
    {"left": {"before": "30d"}},
    {"joined": {"between": ["2026-01-01", "2026-01-31"]}},
    {"source": {"any": ["shop"]}},
    {"members": {"keys": ["m0", "m1"]}},
    {"opted_out": {"of": "messages"}},
    {"attr": {"name": "city", "in": ["gansu"]}},
    {"attr": {"name": "score", "gte": 12}},
    {"attr": {"name": "score", "lt": "0.5"}},
    {"attr": {"name": "birthday", "anniversary": {"within": "7d"}}},
    {"attr": {"name": "fan", "eq": True}},
    {"attr": {"name": "note", "known": False}},
    {"did": {"kind": "order.paid"}},
    {"did": {"kind": "order.paid", "times": {"eq": 0}, "within": "30d"}},
    {"did": {"kind": "order.paid", "weeks": {"gte": 10}, "within": "84d"}},
    {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 5}}},
    {"did": {"kind": "order.paid", "last": {"before": "30d"}}},
    {"did": {"kind": "order.paid", "where": {"page": ["home"], "group": ["north"]}}},
    {"did": {"kind": "order.paid", "where": {"amount": {"gt": 3}}, "within": "9d"}},
    {
        "seq": {
            "steps": [{"kind": "page.visited"}, {"kind": "order.paid"}],
            "within": "14d",
        }
    },
]


@pytest.mark.parametrize("clause", PLAIN, ids=str)
def test_what_people_ask_has_a_form_of_its_own(clause: Any) -> None:
    form = clause_forms.open_form(DESK, clause)
    assert form.name == next(iter(clause))
    assert sent(form).is_valid()


SELDOM = [
    {"tag": {"any": ["vip"], "none": ["koc"]}},
    {"did": {"kind": "order.paid", "times": {"gte": 1}, "days": {"gte": 1}}},
    {"did": {"kind": "order.paid", "where": {"a": ["x"], "b": ["y"]}}},
    {"attr": {"name": "score", "in": ["1", "2"]}},
    {"something": 1},
    {},
    {"tag": {}, "group": {}},
    [],
    {"did": []},
    {"attr": {"name": "ghost", "eq": "x"}},
]


@pytest.mark.parametrize("clause", SELDOM, ids=str)
def test_what_no_form_can_hold_is_written_as_json(clause: Any) -> None:
    form = clause_forms.open_form(DESK, clause)
    assert form.name == "json"
    again = sent(form)
    assert again.is_valid()
    assert again.clause == clause


LACKING = [
    ("tag", {"how": "any"}, "tags"),
    ("tag", {"how": "any", "tags": ["vip"], "sign": "gte"}, "number"),
    ("layer", {"layers": []}, "layers"),
    ("joined", {"when": "within"}, "span"),
    ("joined", {"when": "between", "day": "2026-01-01"}, "until"),
    ("did", {"kind": "order.paid", "measure": "last", "when": "ever"}, "when"),
    (
        "did",
        {"kind": "order.paid", "measure": "sum", "sign": "once", "when": "ever"},
        "sign",
    ),
    ("attr", {"attribute": "note", "sign": "contains", "values": ["a", "b"]}, "values"),
    ("members", {"keys": " "}, "keys"),
    ("json", {"text": "{"}, "text"),
]


@pytest.mark.parametrize(("name", "filled", "field"), LACKING)
def test_what_is_missing_is_said_at_its_field(
    name: str, filled: dict[str, Any], field: str
) -> None:
    form = clause_forms.kinds()[name](DESK, clause_forms.posted(name, filled))
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_one_text_stands_for_a_list_of_one() -> None:
    where = {"page": "home", "group": "north"}
    form = clause_forms.open_form(DESK, {"did": {"kind": "order.paid", "where": where}})
    again = sent(form)
    assert again.is_valid()
    wanted = {"page": ["home"], "group": ["north"]}
    assert again.clause == {"did": {"kind": "order.paid", "where": wanted}}
    assert clause_forms.open_form(DESK, {"tag": {"any": "vip"}}).name == "tag"


def test_every_kind_of_clause_has_a_form() -> None:
    assert behaviour_forms.DidForm.name in clause_forms.kinds()
    assert {*clause_forms.kinds()} >= {
        "tag", "attr", "group", "layer", "segment", "did", "seq", "joined", "source",
        "members", "left", "json",
    }  # fmt: skip
