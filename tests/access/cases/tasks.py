"""How the sweep calls verbs: staff tasks."""

from __future__ import annotations

import io

from PIL import Image

from qunce.outreach.tasks import requests
from tests.access.cases.base import both, case, ids, just, one, using
from tests.access.world import World


def picture(world: World) -> dict[str, object]:
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, "PNG")
    content.seek(0)
    return {"content": content, "name": "shot.png"}


ERRAND = one("task=errand")
ABOUT = both(ERRAND, ids("account"))
case(
    "outreach.tasks.requests",
    create=using(
        lambda w: {
            "draft": requests.Draft(
                kind="weibo", title="Post", text="Hello", staff=[w.owner.pk]
            )
        }
    ),
    cancel=one("request=asked"),
)
case(
    "outreach.tasks.staff_tasks",
    get=ids("pk", "errand"),
    get_request=ids("pk", "asked"),
    list_requests=just(),
    list_visible=just(),
    list_late_of_others=just(),
    list_open_about=ids("person_accounts"),
)
case(
    "outreach.report_deliveries.deliveries",
    list_latest=just(),
    list_open=just(),
)
case(
    "outreach.tasks.outcomes",
    record=both(ABOUT, just(outcome="liked")),
    undo=ABOUT,
    finish=ERRAND,
    attach_proof=both(ERRAND, using(picture)),
    hand_over=one("task=errand", "to=staff"),
)
