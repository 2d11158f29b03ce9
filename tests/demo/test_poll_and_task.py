"""The poll and the tiered task of the demo, in a small community."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.polls import results
from qunce.activities.tiered_tasks.models import ReachedTier
from qunce.demo.coffee import polls, tiered_tasks
from qunce.demo.coffee.context import Context
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demo_has_a_poll_and_a_task_alive(language: str) -> None:
    # The members have joined before the month of the task.
    at = AT + timedelta(days=40)
    shop = factories.community(language="en" if language == "en" else "zh-hans")
    owner, manager = factories.staff(shop), factories.staff(shop, "manager", "may")
    keys = [f"m{n}" for n in range(12)]
    factories.group(shop, "north", *factories.members(shop, *keys))
    for number, key in enumerate(keys):
        for _order in range(number % 4):
            factories.order(shop, key, paid_at=at - timedelta(days=3))
    simulation: Any = SimpleNamespace(settings=SimpleNamespace(language=language))
    context = Context(
        community=shop,
        simulation=cast("Any", simulation),
        staff={"owner": owner, "manager": manager},
        at=at,
    )
    for _again in range(2):
        polls.create(context)
        tiered_tasks.create(context)
    poll, task = Activity.objects.order_by("pk")
    assert (poll.state, task.state) == ("running", "running")
    assert results.collect(poll, at).voters == len(keys)
    assert ReachedTier.objects.filter(tier__activity=task).count() > 0
