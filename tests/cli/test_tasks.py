from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.outreach.tasks import requests
from qunce.sets.mirror import deriver
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT, EVERYONE

pytestmark = pytest.mark.django_db(transaction=True)


def test_open_tasks_and_who_is_missing_are_listed(run: Run, shop: Community) -> None:
    deriver.catch_up()
    wang = factories.staff(shop, "owner", "wang", name="Wang")
    draft = requests.Draft(
        kind="like",
        title="Likes",
        staff=[wang.pk],
        rule=EVERYONE,
        due_at=None,
        text="x",
    )
    requests.create(draft=draft, by=wang, at=AT)
    (task,) = run("tasks", "list", "--json").json["tasks"]
    assert (task["title"], task["staff"], task["left"]) == ("Likes", "wang", 4)
    assert "4 left: 4 Wang" in run("tasks", "left").output
