"""Each mistake in a definition has the sentence that its author reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from qunce.core import errors
from qunce.outreach.playbooks import (
    definitions,
    entries,
    graph,
    reentry,
    templates,
    validation,
)
from qunce.outreach.playbooks.names import NOTHING
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.validation import Channel, Resources
from tests.outreach.playbooks.plans import ENTRY, define, send, wait

LIBRARY = Resources(
    variables={"name"},
    tags={"vip"},
    segments={"lost"},
    date_attributes={"birthday"},
    channels={"assisted": Channel(True, True, True, 100)},  # noqa: FBT003
    staff={"ann"},
)
HELLO = send("a", staff="ann")


def sentences(*steps: dict[str, Any], **fields: Any) -> list[str]:
    definition = define(*steps, **fields)
    return [problem.text for problem in validation.find_problems(definition, LIBRARY)]


def test_a_sound_playbook_has_no_problems() -> None:
    assert sentences(HELLO) == []


MISTAKES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "empty": ([], {}, "The playbook has no steps."),
    "unknown variable": (
        [send("a", text="Hello {city}", staff="ann")],
        {},
        "Step 1 (Send a message) has a text that cannot be sent: Line 1,"
        " character 7: There is no variable {city}.",
    ),
    "without staff": (
        [send("a")],
        {},
        "Step 1 (Send a message) needs a member of staff who does it.",
    ),
    "unknown staff": (
        [send("a", staff="bob")],
        {},
        "Step 1 (Send a message) names “bob”, who cannot do tasks.",
    ),
    "unknown channel": (
        [send("a", channel="fax")],
        {},
        "Step 1 (Send a message) uses the channel “fax”, which does not exist.",
    ),
    "too long": (
        [send("a", text="x" * 101, staff="ann")],
        {},
        "Step 1 (Send a message) has a text that is too long for its channel.",
    ),
    "unknown tag": (
        [{"id": "t", "kind": "tag", "tag": "vpi"}],
        {},
        "Step 1 (Tag) names the tag “vpi”, which does not exist.",
    ),
    "no time-out": (
        [{"id": "w", "kind": "wait_until", "until": {"fact": "order.paid"}}],
        {},
        "Step 1 (Wait until an event) has no time-out, so that members could wait for"
        " ever.",
    ),
    "loop": (
        [HELLO, wait("b", 5), {"id": "j", "kind": "continue_at", "step": "a"}],
        {},
        "The steps 1 → 2 → 3 → 1 form a loop that never ends.",
    ),
    "unreachable": (
        [{"id": "e", "kind": "end"}, HELLO],
        {},
        "Step 2 (Send a message) is never reached.",
    ),
    "unknown step": (
        [{"id": "j", "kind": "continue_at", "step": "zz"}],
        {},
        "Step 1 (Continue at another step) continues at a step that does not exist.",
    ),
    "click of nothing": (
        [wait("w", 5), {"id": "q", "kind": "branch", "if": {"clicked": "w"}}],
        {},
        "Step 2 (Branch) asks about the message of a step that sends nothing.",
    ),
    "same id": ([HELLO, HELLO], {}, "Two steps have the id “a”."),
    "missing segment": (
        [HELLO],
        {"entry": {"on": "segment", "segment": "lots"}},
        "The segment “lots” does not exist.",
    ),
    "missing layer": (
        [HELLO],
        {"entry": {"on": "layer", "layering": "value", "layer": "gold"}},
        "The layer “gold” does not exist.",
    ),
    "not a date": (
        [HELLO],
        {"entry": {"on": "date", "attribute": "city"}},
        "There is no attribute “city” that is a date.",
    ),
    "group entry": (
        [HELLO],
        {"entry": {"on": "size", "members": 100}},
        "The playbook begins in a way that does not fit whom it is for.",
    ),
    "tag in groups": (
        [{"id": "t", "kind": "tag", "tag": "vip"}],
        {"for": "group", "entry": {"on": "size", "members": 100}},
        "Step 1 (Tag) is not possible in a playbook for these recipients.",
    ),
    "key": (
        [HELLO],
        {"again": {"mode": "per_key"}},
        "For one run per key, say which field of the event is the key.",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(name: str) -> None:
    steps, fields, sentence = MISTAKES[name]
    assert sentence in sentences(*steps, **fields)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"entry": {"on": "never"}},
        {"entry": ENTRY, "steps": [{"id": "a", "kind": "fly"}]},
        {"entry": ENTRY, "steps": [{"id": "A b", "kind": "end"}]},
        {"entry": ENTRY, "steps": [{"id": "a", "kind": "send", "text": 5}]},
        {"entry": ENTRY, "format": 2},
        {"entry": ENTRY, "steps": [{"id": "a", "kind": "notify", "text": "a\x00b"}]},
        {
            "entry": ENTRY,
            "steps": [{"id": "a", "kind": "staff_task", "text": "a\x1bb"}],
        },
        {"entry": ENTRY, "steps": [{"id": "a", "kind": "end", "colour": 1}]},
        {"entry": ENTRY, "steps": [{"id": "a", "kind": "wait", "delay": {"days": 1}}]},
        {"entry": ENTRY, "steps": "all"},
        {"entry": ENTRY, "colour": 1},
        {"entry": ENTRY, "again": {"mode": "often"}},
        {"entry": ENTRY, "exit": [{"fact": "Paid"}]},
        {"entry": ENTRY, "conditions": [{"rule": 1}]},
        {"entry": ENTRY, "late_hours": -1},
        {"entry": ENTRY, "except": ["tomorrow"]},
        {"entry": ENTRY, "lane": {"name": "a", "rank": 1000}},
        {"entry": {"on": "size", "members": 0}},
    ],
)
def test_what_is_no_playbook_is_refused_with_a_sentence(broken: Any) -> None:
    with pytest.raises(errors.Invalid) as raised:
        definitions.parse(broken)
    assert str(raised.value).endswith(".")


def test_definitions_survive_their_json_form() -> None:
    steps = [
        HELLO,
        {"id": "w", "kind": "wait", "delay": {"weekday": 1, "time": "09:00"}},
        {
            "id": "u",
            "kind": "wait_until",
            "until": {"fact": "order.paid", "where": {"shop": "a"}},
            "timeout": {"days": 3, "time": "20:00"},
            "earlier_days": 2,
            "then": [{"id": "t", "kind": "tag", "tag": "vip", "remove": True}],
            "otherwise": [
                {
                    "id": "q",
                    "kind": "branch",
                    "if": {"fact": "order.paid", "since": "a"},
                    "then": [{"id": "e", "kind": "end"}],
                    "otherwise": [{"id": "j", "kind": "continue_at", "step": "z"}],
                }
            ],
        },
        {"id": "z", "kind": "attribute", "attribute": "city", "value": "Rom"},
    ]
    value = {
        "format": 1,
        "for": "member",
        "entry": {"on": "date", "attribute": "birthday", "offset": -3}
        | {"time": "08:30", "yearly": True, "lunar": True},
        "again": {"mode": "cooldown", "days": 30},
        "exit": [{"fact": "member.left"}],
        "conditions": [{"rule": {"tag": "vip"}, "checked": "both"}],
        "grace_minutes": 5,
        "late_hours": 2,
        "lane": {"name": "life", "rank": 3},
        "only": "working",
        "except": ["2026-10-01"],
        "steps": steps,
    }
    definition = definitions.parse(value)
    assert definition.to_json() == value
    assert definitions.parse(definition.to_json()).to_json() == value
    assert definition.graph.numbers["j"] == "3b.1b.1"
    assert graph.find_loop(definition.graph) == []
    assert definition.kinds() == {"member.left", "order.paid"}
    assert definition.rules() == [{"tag": "vip"}]


@pytest.mark.parametrize("template", templates.TEMPLATES, ids=lambda each: each.key)
def test_templates_are_sound(template: templates.Template) -> None:
    definition = definitions.parse(template.definition(staff="ann"))
    exists = dataclasses.replace(
        LIBRARY,
        subject=definition.subject,
        variables={"name", "group"},
        layers={"activity": {"quiet"}},
        channels={
            "assisted": Channel(
                to_member=True, to_group=True, needs_person=True, max_length=500
            )
        },
    )
    assert validation.find_problems(definition, exists) == []


def test_every_kind_and_word_has_its_phrase() -> None:
    for kind in base.kinds().values():
        assert str(kind.label) and str(kind.description)
    for mode in reentry.Mode:
        assert reentry.Reentry(mode, 3).phrase()
    phrases = [
        entries.parse(value).phrase(NOTHING)
        for value in (
            ENTRY,
            {"on": "segment", "segment": "lost"},
            {"on": "layer", "layering": "value", "layer": "gold"},
            {"on": "date", "attribute": "birthday", "offset": -3},
            {"on": "date", "attribute": "birthday", "offset": 3},
            {"on": "date", "attribute": "birthday"},
            {"on": "founding", "offset": 7},
            {"on": "calendar", "days": {"weekdays": [1]}},
            {"on": "size", "members": 100},
        )
    ]
    assert len(set(phrases)) == len(phrases)
    assert phrases[3] == "3 days before the date “birthday”"


def nested(depth: int) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [HELLO]
    for number in range(depth):
        asked = {"if": {"replied": "start"}, "then": steps}
        steps = [{"id": f"n{number}", "kind": "branch", **asked}]
    return steps


@pytest.mark.parametrize(
    "steps",
    [
        nested(300),
        [{"id": f"s{number}", "kind": "end"} for number in range(30_000)],
        [{"id": "a", "kind": ["send"]}],
        [{"id": "a", "kind": "continue_at", "step": ["b"]}],
    ],
    ids=["deep", "large", "kind", "step"],
)
def test_hostile_json_is_refused_with_a_sentence(steps: list[dict[str, Any]]) -> None:
    define(*nested(10))
    with pytest.raises(errors.Invalid):
        define(*steps)
