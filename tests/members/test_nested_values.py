"""Values of the wrong shape reach verbs about members as a refusal, not as a crash."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.saved_views import saved_views
from qunce.members.scores import scores
from qunce.members.segments import segments
from qunce.members.tag_rules import tag_rules
from qunce.members.tags import deepening, groups
from qunce.members.tags import library as tag_library
from qunce.sets.mirror import deriver
from tests import factories, nested_values
from tests.factories import AT
from tests.members.scores.test_definitions import DAYS, TENURE
from tests.members.scores.test_scores import post

pytestmark = pytest.mark.django_db
MESSAGES = {"kind": "message.posted", "where": {"length": {"gte": 1}}}
RULE = {
    "all": [
        {"did": {**MESSAGES, "times": {"gte": 2}, "within": "30d"}},
        {"not": {"tag": {"any": ["vip"], "depth": {"gte": 1}}}},
        {"joined": {"before": "1d"}},
    ]
}
CASES: dict[str, Any] = {
    "segment": RULE,
    "rule layering": {
        "by": "rules",
        "layers": [{"key": "a", "name": "A", "rule": RULE}, {"key": "b"}],
        "numbers": {"many": 3, "span": "30d"},
    },
    "measure layering": {
        "by": "measure",
        "kinds": {"message.posted": 1},
        "within": "30d",
        "layers": [{"key": "high", "top": "20%"}, {"key": "low"}],
    },
    "score": {"parts": [{**DAYS, "by": "times", "half_life": 3}, TENURE]},
    "condition": {"rule": RULE},
    "silence": {"silence": {"kinds": ["message.posted"], "days": 3}},
    "event": {"event": {**MESSAGES, "words": {"any": ["price"]}}},
    "effects": [{"do": "set", "tag": "vip", "depth": 2}],
    "kinds": ["message.posted"],
    "roles": ["manager"],
    "choices": ["red", "blue"],
    "view": {"columns": ["name"], "filters": {"tag": ["vip"]}, "sort_by": "name"},
}


def call(name: str, value: Any, shop: Community, by: Staff) -> object:
    who: dict[str, Any] = {"by": by, "at": AT}
    here = {"community": shop, **who}
    tag = tag_library.get(shop, "vip")
    rule: dict[str, Any] = {
        "name": "R",
        "condition": CASES["condition"],
        "effects": CASES["effects"],
        "mode": "event" if name == "event" else "daily",
        **here,
    }
    match name:
        case "segment":
            return segments.create(key="s", name="S", rule=value, **here)
        case "rule layering" | "measure layering":
            return layers.create(key="l", spec=value, **here)
        case "score":
            return scores.create(key="p", name="P", spec=value, **here)
        case "condition" | "silence" | "event":
            return tag_rules.create(**{**rule, "condition": value})
        case "effects":
            return tag_rules.create(**{**rule, "effects": value})
        case "kinds":
            return deepening.set_kinds(tag=tag, kinds=value, **who)
        case "roles":
            return groups.create(key="g", creator_roles=value, **here)
        case "choices":
            return attributes.define(name="c", type="choice", choices=value, **here)
    # As keywords, which have their names from the one who calls.
    value = value if isinstance(value, dict) and not value.keys() - CASES[name] else {}
    options = {**CASES[name], **value}
    return saved_views.save(name="V", is_shared=False, **options, **who)


@pytest.mark.parametrize("name", CASES)
def test_values_of_the_wrong_shape_are_refused(shop: Community, name: str) -> None:
    by = staff_models.system(shop)
    factories.members(shop, "ann")
    factories.tag(shop, "vip")
    post(shop, "ann", 3)
    deriver.catch_up()
    crashes = nested_values.find_crashes(
        lambda value: call(name, value, shop, by), CASES[name]
    )
    assert not crashes, "\n".join(crashes)
