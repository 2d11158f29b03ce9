"""How the sweep calls verbs of Insight."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from qunce.core import community_days
from qunce.insight.breakdowns import Breakdown
from qunce.insight.funnels import funnels
from qunce.insight.goals import goals
from qunce.insight.notebook import notebook
from qunce.insight.portraits import persona_cards
from qunce.insight.portraits.subjects import Subject
from qunce.insight.positioning.models import PositioningVersion
from qunce.insight.positioning.sheet import Sheet
from qunce.insight.retention import RetentionQuery
from qunce.insight.typed_numbers.typed_numbers import Entry
from qunce.members.scores import presets as score_presets
from qunce.members.scores import scores
from tests.access.cases.base import after, both, case, ids, just, one, using
from tests.access.world import World

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
    "insight.portraits.portraits",
    list_choices=just(),
    load=just(subject=Subject("", "everyone", {"all": []})),
    parse_subject=using(lambda w: {"text": f"segment:{w.get('segment').key}"}),
)
case("insight.portraits.completeness", load=just())


def next_days(world: World) -> dict[str, Any]:
    return {"first": world.at.date(), "last": world.at.date() + timedelta(days=9)}


case(
    "insight.goals.goals",
    create=both(
        just(metric="orders", direction="at_least", target="3"), using(next_days)
    ),
    update=one("goal", name="New"),
    archive=one("goal"),
    restore=after(goals.archive, one("goal")),
    get=ids("pk", "goal"),
    find_owner=just(login=""),
    list_overlapping=SPAN,
    list_owners=just(),
    list_visible=just(),
)
case(
    "insight.goals.progress",
    load=one("goal"),
    load_all=using(lambda w: {"found": [w.get("goal")]}),
)
case("insight.goals.results", find_change=one("goal"))
case(
    "insight.positioning.sheets",
    save=just(content={"reason": "New"}),
    restore=using(
        lambda w: {
            "version": PositioningVersion.objects.get(
                community=w.community, number=w.ids["positioning version"]
            )
        }
    ),
    get_version=ids("number", "positioning version"),
    list_versions=just(),
)
case("insight.positioning.hook_results", list_results=just(content=Sheet()))
case("insight.positioning.circles", list_counts=just(content=Sheet()))
case(
    "insight.positioning.view_changes",
    compare=using(
        lambda w: {
            "attribute": w.get("attribute").name,
            "first": w.at.date() - timedelta(days=1),
            "last": w.at.date(),
        }
    ),
    default_span=just(),
    list_choices=just(),
)
CARD = one("segment", name="Homely Persona")
case(
    "insight.portraits.persona_cards",
    save=CARD,
    find=one("segment"),
    remove=after(persona_cards.save, CARD, one("segment")),
)
case(
    "insight.lifetime_value.estimates",
    estimate=both(just(), SOURCE),
)
SCORE = using(lambda w: {"score": scores.get(w.community, "activity")})
case(
    "insight.scores.distributions",
    parse_day=just(text=""),
    compute=SCORE,
    compare=both(SCORE, SOURCE),
)
case(
    "insight.scores.previews",
    preview=both(SCORE, just(spec=score_presets.LOYALTY.build())),
)
case(
    "insight.touches",
    compute=both(SPAN, just(window=7)),
    default_span=just(),
    find_people=both(SPAN, just(window=7, touches=0)),
)
case(
    "insight.staff_performance.performance",
    compute=SPAN,
    load=SPAN,
    default_span=just(),
)
case(
    "insight.staff_performance.visibility",
    get=using(lambda w: {"pk": w.get("staff").pk}),
    list_all=just(),
)
case(
    "insight.staff_performance.lists",
    find_staff=using(lambda w: {"text": str(w.get("staff").pk)}),
)
CELL = using(lambda w: {"cell": f"group:leaves:up:{w.get('group').key}"})
case("insight.findings.daily", load=just())
case(
    "insight.findings.decisions",
    dismiss=both(CELL, just(reason="known")),
    act=CELL,
    withdraw=one("decision=finding decision"),
    get=ids("pk", "finding decision"),
    list_visible=just(),
)
case(
    "insight.reports.reports",
    create=just(kind="daily"),
    get=ids("pk", "report"),
    list_visible=just(),
    find_changes=one("report"),
)
case(
    "insight.reports.subscribers",
    set_subscribers=just(kind="weekly", roles=["owner"], staff=[]),
    list_all=just(),
    list_choices=just(),
    list_new=just(),
)
case(
    "insight.reports.report_settings",
    change=just(keep_days=60),
)
case(
    "insight.reports.consequences",
    list_all=just(keep_days=60),
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


def a_group(world: World) -> dict[str, Any]:
    return {"groups": [world.get("group")]}


def today(world: World) -> dict[str, Any]:
    group = world.get("group")
    return {"day": community_days.to_date(group.community.day(world.at))}


def an_entry(world: World) -> dict[str, Any]:
    fields = {"group": world.get("group"), "field": "members", "value": 5}
    return {"entries": [Entry(**fields, **today(world))]}


case(
    "insight.typed_numbers.typed_numbers",
    save=an_entry,
    load=both(a_group, just(first=date(2026, 1, 1), last=date(2026, 1, 2))),
    list_history=one("group"),
)
case(
    "insight.typed_numbers.evenings",
    load=both(a_group, today),
    load_days=both(one("group"), just(last=date(2026, 1, 2), limit=3)),
    load_latest=a_group,
)
case(
    "insight.typed_numbers.measured",
    find=both(a_group, today),
    list_ids=both(a_group, today),
)
case(
    "insight.typed_numbers.reminders",
    set_hour=just(hour=7),
    list_missing=both(a_group, today),
)
case(
    "insight.notebook.notebook",
    create=just(kind="platform_change", title="New"),
    update=one("entry=notebook entry", title="Newer"),
    archive=one("entry=notebook entry"),
    restore=after(notebook.archive, one("entry=notebook entry")),
    get=ids("pk", "notebook entry"),
    find=just(filters=notebook.Filters()),
    list_tags=just(),
    list_visible=just(),
    load_benchmarks=just(),
)
