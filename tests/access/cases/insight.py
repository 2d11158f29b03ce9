"""How the sweep calls verbs: retention, retained members, touches and funnels."""

from __future__ import annotations

from typing import Any

from qunce.insight.breakdowns import Breakdown
from qunce.insight.funnels import funnels
from qunce.insight.retention import RetentionQuery
from tests.access.cases.base import after, both, case, ids, just, one, using

DEFINITION: dict[str, Any] = {
    "steps": [{"kind": "member.joined"}, {"kind": "group.joined"}]
}
QUERY = just(query=RetentionQuery(count=2))
SOURCE = just(breakdown=Breakdown("source"))
SPAN = using(lambda w: {"first": w.at.date(), "last": w.at.date()})
case(
    "insight.breakdowns",
    list_choices=just(),
    load_parts=SOURCE,
    find_part=both(SOURCE, just(key="")),
)
case(
    "insight.retention",
    compute=QUERY,
    compare=both(QUERY, SOURCE),
    find_people=both(QUERY, just(cohort=0, period=0)),
)
case(
    "insight.retained_members",
    compute=SPAN,
    default_span=just(),
    find_people=both(SPAN, just(column="joined")),
)
case(
    "insight.touches",
    compute=both(SPAN, just(window=7)),
    default_span=just(),
    find_people=both(SPAN, just(window=7, touches=0)),
)
case("insight.funnels.definitions", parse=just(definition=DEFINITION))
case(
    "insight.funnels.funnels",
    create=just(name="New", definition=DEFINITION),
    update=one("funnel", name="Newer"),
    archive=one("funnel"),
    restore=after(funnels.archive, one("funnel")),
    get=ids("pk", "funnel"),
    list_visible=just(),
)
case(
    "insight.funnels.results",
    compute=just(definition=DEFINITION),
    compare=both(just(definition=DEFINITION), SOURCE),
    find_people=just(definition=DEFINITION, step=1, dropped=False),
)
