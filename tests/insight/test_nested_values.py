"""Values of the wrong shape reach verbs of Insight as a refusal, not as a crash."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.funnels import funnels
from qunce.insight.goals import goals
from qunce.insight.notebook import notebook
from qunce.insight.positioning import sheets
from qunce.insight.reports import report_settings, subscribers
from qunce.insight.scores import previews
from qunce.insight.words import word_settings
from qunce.sets.mirror import deriver
from tests import factories, nested_values
from tests.factories import AT
from tests.members.scores.test_definitions import DAYS
from tests.members.scores.test_scores import post

pytestmark = pytest.mark.django_db
STEP = {"kind": "message.posted", "where": {"length": {"gte": 1}}, "weekdays": [1]}
CASES: dict[str, Any] = {
    "funnel": {
        "steps": [STEP, {"kind": "message.posted", "hours": [0, 6]}],
        "order": "strict",
        "within": "7d",
        "during": {"within": "30d"},
    },
    "goal": {
        "name": "More",
        "metric": "new_members",
        "direction": "at_least",
        "target": "20",
        "first": date(2026, 3, 1),
        "last": date(2026, 4, 1),
        "group": "",
        "owner": None,
    },
    "entry": {
        "kind": "platform_change",
        "title": "New shop",
        "text": "Now open",
        "tags": ["shop"],
        "day": date(2026, 3, 1),
    },
    "sheet": {
        "product": "Coffee",
        "hooks": [{"text": "Fresh", "pain": "Stale", "kind": "", "key": ""}],
        "pains": ["Stale"],
        "never_say": [{"word": "cheap", "instead": "good"}],
        "circle_attribute": "",
    },
    "score": {"parts": [{**DAYS, "by": "times", "half_life": 3, "where": {}}]},
    "report settings": {"first_weekday": 1, "left_out": ["goals"], "keep_days": 60},
    "subscribers": {"kind": "daily", "roles": ["manager"], "staff": []},
    "words": {"stop_words": ["the"]},
}


def call(name: str, value: Any, shop: Community, by: Staff) -> object:
    who: dict[str, Any] = {"by": by, "at": AT}
    here = {"community": shop, **who}
    if name == "funnel":
        return funnels.create(name="F", definition=value, **here)
    if name == "sheet":
        return sheets.save(content=value, **here)
    if name == "score":
        return previews.preview(score=None, spec=value, **who)
    # As keywords, which have their names from the one who calls.
    value = value if isinstance(value, dict) and not value.keys() - CASES[name] else {}
    verbs: dict[str, Any] = {
        "goal": goals.create,
        "entry": notebook.create,
        "report settings": report_settings.change,
        "subscribers": subscribers.set_subscribers,
        "words": word_settings.change,
    }
    return verbs[name](**{**CASES[name], **value}, **here)


@pytest.mark.parametrize("name", CASES)
def test_values_of_the_wrong_shape_are_refused(shop: Community, name: str) -> None:
    by = staff_models.system(shop)
    factories.members(shop, "ann")
    post(shop, "ann", 3)
    deriver.catch_up()
    crashes = nested_values.find_crashes(
        lambda value: call(name, value, shop, by), CASES[name]
    )
    assert not crashes, "\n".join(crashes)
