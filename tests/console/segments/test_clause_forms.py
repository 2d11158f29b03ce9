"""K8: forms keep every clause exactly as it is, or leave it untouched."""

from __future__ import annotations

from functools import cached_property
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.segments.builder_choices import Choices, Option, Picker
from qunce.console.segments.clause_forms import base as clause_forms
from qunce.members.attributes.attributes import Attribute
from tests.oracle import strategies
from tests.oracle.questions import Questions, Vocabulary


class ChoicesWithoutDatabase(Choices):
    currency = "CNY"

    def picker(self, kind: str) -> Picker:
        return Picker(describe=lambda keys: [Option(key, key) for key in keys])

    def value_picker(self, attribute: Attribute) -> Picker:
        return self.picker("values")

    @cached_property
    def fact_kinds(self) -> list[tuple[str, str]]:
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


CHOICES = ChoicesWithoutDatabase(by=None, at=None)  # type: ignore[arg-type]
SETTING = strategies.SETTINGS[0]


def draw_clause(random: Random) -> Any:
    known = Vocabulary(["m0", "m1"], ["loyal"], ["list0"], ["ann", "bo"], "read")
    return Questions(random, SETTING, known).clause()


def submit(form: clause_forms.ClauseForm) -> clause_forms.ClauseForm:
    """The form as a browser submits it without any change."""
    args = {
        name: form.get_initial_for_field(form.fields[name], name)
        for name in form.fields
    }
    return type(form)(CHOICES, clause_forms.to_post_data(args))


@given(st.randoms(use_true_random=False))
def test_a_submitted_form_keeps_the_clause(random: Random) -> None:
    clause = draw_clause(random)
    form = submit(clause_forms.open_form(CHOICES, clause))
    assert form.is_valid(), form.errors
    assert form.clause == clause_forms.normalise(clause)


SIMPLE = [
    {"tag": {"any": ["vip"], "depth": {"gte": 2, "lte": 4}}},
    {"tag": {"untagged": True}},
    {"tag": {"untagged": "worth"}},
    {"group": {"none": ["north"]}},
    {"segment": {"frozen": ["list0"]}},
    {"layer": {"of": "value", "in": ["high", "low"]}},
    {"joined": {"within": "12h"}},
    {"left": {"before": "30d"}},
    {"joined": {"between": ["2026-01-01", "2026-01-31"]}},
    {"points": {"gte": 100}},
    {"points": {"gte": 1, "lte": 99}},
    {"source": {"any": ["shop"]}},
    {"members": {"keys": ["m0", "m1"]}},
    {"opted_out": {"of": "messages"}},
    {"listed": {"on": "black"}},
    {"listed": {"on": "white", "group": "north"}},
    {"held_out": {"community": True}},
    {"held_out": {"campaign": "spring"}},
    {"attr": {"name": "city", "in": ["gansu"]}},
    {"attr": {"name": "score", "gte": 12}},
    {"attr": {"name": "score", "lt": "0.5"}},
    {"attr": {"name": "birthday", "anniversary": {"within": "7d"}}},
    {"attr": {"name": "birthday", "anniversary": {"last": "7d"}}},
    {"attr": {"name": "birthday", "anniversary": {"during": "next week"}}},
    {"attr": {"name": "birthday", "anniversary": {"eq": "today+7d"}}},
    {"attr": {"name": "birthday", "next": "30d"}},
    {"attr": {"name": "birthday", "during": "this month"}},
    {"attr": {"name": "birthday", "gte": "today-7d", "lt": "2026-12-31"}},
    {"attr": {"name": "birthday", "eq": "today"}},
    {"attr": {"name": "seen", "last": "12h"}},
    {"attr": {"name": "seen", "gt": "today-3d"}},
    {"attr": {"name": "score", "gte": 40, "lt": 60}},
    {"attr": {"name": "fan", "eq": True}},
    {"attr": {"name": "note", "known": False}},
    {"did": {"kind": "order.paid"}},
    {"did": {"kind": "order.paid", "times": {"eq": 0}, "within": "30d"}},
    {"did": {"kind": "order.paid", "weeks": {"gte": 10}, "within": "84d"}},
    {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 5}}},
    {"did": {"kind": "order.paid", "average": {"field": "评分", "gt": 4.5}}},
    {"did": {"kind": "order.paid", "min": {"field": "amount", "gte": 1, "lte": 2}}},
    {"did": {"kind": "order.paid", "max": {"field": "amount", "lt": 5}}},
    {"did": {"kind": "order.paid", "hours": [0, 6], "within": "9d"}},
    {"did": {"kind": "order.paid", "hours": ["22:30", "06:00"]}},
    {"did": {"kind": "order.paid", "where": {"amount": {"gt": 2.5}}}},
    {"did": {"kind": "order.paid", "last": {"before": "30d"}}},
    {"did": {"kind": "order.paid", "where": {"page": ["home"], "group": ["north"]}}},
    {"did": {"kind": "order.paid", "where": {"amount": {"gt": 3}}, "within": "9d"}},
    {"did": {"kind": "order.paid", "where": {"a": ["x"], "b": True, "c": {"lt": 2}}}},
    {"members": {"keys": [f"m{n}" for n in range(60)]}},
    {
        "seq": {
            "steps": [{"kind": "page.visited"}, {"kind": "order.paid"}],
            "within": "14d",
            "during": {"since": "2026-01-01"},
        }
    },
    {
        "seq": {
            "steps": [
                {"kind": "order.paid", "hours": [22, "6:30"]},
                {"kind": "page.visited"},
                {"kind": "order.paid", "hours": ["08:00", "24:00"]},
            ]
        }
    },
]


@pytest.mark.parametrize("clause", SIMPLE, ids=str)
def test_a_simple_clause_opens_in_its_own_form(clause: Any) -> None:
    form = clause_forms.open_form(CHOICES, clause)
    assert form.name == next(iter(clause))
    assert submit(form).is_valid()


COMPLEX = [
    {"tag": {"any": ["vip"], "none": ["koc"]}},
    {"did": {"kind": "order.paid", "times": {"gte": 1}, "days": {"gte": 1}}},
    {"did": {"kind": "order.paid", "where": {"a": ["x", 1]}}},
    {"did": {"kind": "order.paid", "where": {"a": {"gt": 1, "lt": 3}}}},
    {"attr": {"name": "score", "in": ["1", "2"]}},
    {"something": 1},
    {},
    {"tag": {}, "group": {}},
    [],
    {"did": []},
    {"attr": {"name": "ghost", "eq": "x"}},
]


@pytest.mark.parametrize("clause", COMPLEX, ids=str)
def test_a_clause_that_no_form_can_hold_is_kept(clause: Any) -> None:
    form = clause_forms.open_form(CHOICES, clause)
    assert form.name == "kept"
    submitted = submit(form)
    assert submitted.is_valid()
    assert submitted.clause == clause


INCOMPLETE = [
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
    ("attr", {"attribute": "birthday", "sign": "next"}, "days"),
    ("attr", {"attribute": "birthday", "sign": "gte", "day": "ago"}, "days"),
    (
        "attr",
        {"attribute": "score", "sign": "gte", "value": "1", "upper_sign": "lt"},
        "upper",
    ),
    (
        "did",
        {"kind": "order.paid", "measure": "times", "sign": "once", "when": "ever"}
        | {"hour_from": "22:00"},
        "hour_to",
    ),
    (
        "did",
        {"kind": "order.paid", "measure": "average", "sign": "gte", "when": "ever"}
        | {"field": "amount", "number": "much"},
        "number",
    ),
    ("stopped", {"kind": "order.paid", "sign": "once"}, "days"),
    ("returned", {"kind": "order.paid", "when": "ever"}, "days"),
    (
        "ratio",
        {"of": "send.clicked", "per": "send.delivered", "sign": "gte", "when": "ever"},
        "number",
    ),
    (
        "rank",
        {"kind": "order.paid", "number": "0.5", "unit": "members", "by": "times"}
        | {"when": "ever"},
        "number",
    ),
    ("rfm", {"parts": "5"}, "__all__"),
    ("random", {"percent": "10"}, "salt"),
    ("members", {"keys": " "}, "people"),
    ("kept", {"text": "{"}, "text"),
]


@pytest.mark.parametrize(("name", "values", "field"), INCOMPLETE)
def test_a_missing_value_is_an_error_of_its_field(
    name: str, values: dict[str, Any], field: str
) -> None:
    form = clause_forms.FORMS[name](CHOICES, clause_forms.to_post_data(values))
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_a_single_string_opens_as_a_list_of_one() -> None:
    where = {"page": "home", "group": "north"}
    clause = {"did": {"kind": "order.paid", "where": where}}
    submitted = submit(clause_forms.open_form(CHOICES, clause))
    assert submitted.is_valid()
    lists = {"page": ["home"], "group": ["north"]}
    assert submitted.clause == {"did": {"kind": "order.paid", "where": lists}}
    assert clause_forms.open_form(CHOICES, {"tag": {"any": "vip"}}).name == "tag"


def test_the_menu_has_every_clause_in_a_fixed_order() -> None:
    orders = [form.order for form in clause_forms.list_forms()]
    assert len(set(orders)) == len(orders)
    assert [form.name for form in clause_forms.list_forms()] == [
        "tag", "did", "stopped", "returned", "ratio", "rank", "rfm", "attr", "group",
        "layer", "score", "survey", "streak", "level", "badge", "took_part", "points",
        "live_session", "segment", "joined", "source", "staff", "opted_out", "listed", "held_out", "random", "seq",
        "members", "left",
    ]  # fmt: skip
