"""How the sweep calls verbs: moderation of groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.groups.groups import Group
from qunce.groups.moderation import doors
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import (
    Appeal,
    Case,
    CaseSource,
    CaseState,
    Ladder,
    MassAction,
    Mode,
    Rule,
    Rung,
    SafetyStop,
    ShadowRun,
)
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import appeals, case_decisions
from tests.access.cases.base import case, just
from tests.access.world import World

WORDS = [{"check": "keywords", "options": {"keywords": ["xyzzy"]}}]
RUNGS = [{"strikes": 1, "rung": "warn"}]


def own_rule(world: World) -> Rule:
    return rules.create(
        community=world.community,
        name="Adverts",
        checks=WORDS,
        by=world.owner,
        at=world.at,
    )


def own_case(world: World, state: CaseState = CaseState.OPEN) -> Case:
    return cases.open_case(
        group=Group.objects.get(pk=world.ids["group"]),
        by=None,
        at=world.at,
        source=CaseSource.RULE,
        rule=own_rule(world),
        judged_key="$1",
        message_key="$1",
        account_id=world.ids["account"],
        responsible_id=world.ids["account"],
        author_name="Somebody",
        text="xyzzy",
        happened_at=world.at,
        mode=Mode.PROPOSE,
        rung=Rung.DELETE,
        state=state,
        is_told=True,
    )


def own_appeal(world: World) -> Appeal:
    opened = appeals.receive(
        community=world.community,
        account=own_case(world, CaseState.ACTED).responsible_id or 0,
        text="appeal",
        at=world.at,
    )
    assert opened is not None
    return opened


def own_mass_action(world: World) -> MassAction:
    return MassAction.objects.create(
        community=world.community,
        kind="kick",
        group_id=world.ids["group"],
        accounts=[world.ids["account"]],
        reason="raid",
        created_at=world.at,
    )


def own_stop(world: World) -> SafetyStop:
    # A group has one at a time.
    stop, _is_new = SafetyStop.objects.get_or_create(
        group_id=world.ids["group"],
        ended_at=None,
        defaults={"reason": "share", "number": 1, "started_at": world.at},
    )
    return stop


def own_run(world: World) -> ShadowRun:
    return ShadowRun.objects.create(
        rule=own_rule(world),
        version=1,
        since=world.at,
        until=world.at,
        total=0,
        hits=0,
        created_at=world.at,
        by=world.owner,
    )


def spare_ladder(world: World) -> dict[str, Any]:
    ladder = Ladder.objects.create(
        community=world.community,
        key="spare",
        name="Spare",
        rungs=RUNGS,
        changed_at=world.at,
    )
    return {"ladder": ladder}


def group_of(world: World) -> Group:
    return Group.objects.select_related("community").get(pk=world.ids["group"])


def closed(world: World) -> dict[str, Any]:
    group = group_of(world)
    doors.close(group=group, minutes=5, by=world.owner, at=world.at)
    return {"group": group}


def dismissed(world: World) -> dict[str, Any]:
    row = own_case(world)
    case_decisions.dismiss(case=row, by=world.owner, at=world.at)
    return {"case": row}


def a_day(world: World) -> dict[str, Any]:
    return {"since": world.at - timedelta(days=1), "until": world.at}


M = "groups.moderation"
case(
    f"{M}.ladders.ladders",
    create=just(name="New", rungs=RUNGS, window_days=None),
    update=lambda w: {**spare_ladder(w), "name": "Newer"},
    remove=spare_ladder,
    list_all=just(),
    get=lambda w: {"key": spare_ladder(w)["ladder"].key},
)
case(
    f"{M}.rules.rules",
    create=just(name="New", checks=WORDS),
    update=lambda w: {"rule": own_rule(w), "name": "Newer"},
    set_mode=lambda w: {"rule": own_rule(w), "mode": "propose"},
    archive=lambda w: {"rule": own_rule(w)},
    list_all=just(),
    get=lambda w: {"key": own_rule(w).key},
)
case(
    f"{M}.moderation_settings",
    update=just(max_percent=5),
    set_group_mode=lambda w: {"group": group_of(w), "mode": "observe"},
    get=just(),
    list_group_modes=just(),
)
case(
    f"{M}.cases.cases",
    list_visible=just(),
    list_queue=just(),
    count_queue=just(),
    get=lambda w: {"number": own_case(w).number},
    list_context=lambda w: {"case": own_case(w)},
    list_of_member=lambda w: {"account": w.ids["account"]},
)
case(
    f"{M}.staff_decisions.case_decisions",
    confirm=lambda w: {"case": own_case(w)},
    dismiss=lambda w: {"case": own_case(w)},
    reopen=dismissed,
    undo=lambda w: {"case": own_case(w, CaseState.ACTED)},
)
case(
    f"{M}.staff_decisions.appeals",
    list_visible=just(),
    list_open=just(),
    median_answer_time=just(),
    get=lambda w: {"pk": own_appeal(w).pk},
    answer=lambda w: {"appeal": own_appeal(w), "overturn": True, "answer": "Sorry"},
)
case(f"{M}.cases.member_reports", list_of=lambda w: {"case": own_case(w)})
case(
    f"{M}.doors",
    close=lambda w: {"group": group_of(w), "minutes": 5},
    open_now=closed,
)
case(
    f"{M}.actions.safety_stops",
    list_active=just(),
    get=lambda w: {"pk": own_stop(w).pk},
    end=lambda w: {"stop": own_stop(w)},
)
case(
    f"{M}.staff_decisions.mass_actions",
    list_visible=just(),
    list_waiting=just(),
    get=lambda w: {"pk": own_mass_action(w).pk},
    request=lambda w: {
        "group": group_of(w),
        "kind": "kick",
        "accounts": [w.ids["account"]],
        "reason": "raid",
    },
    request_undo=lambda w: {
        "rule": own_case(w, CaseState.ACTED).rule,
        "reason": "wrong",
        **a_day(w),
    },
    approve=lambda w: {"mass_action": own_mass_action(w)},
    refuse=lambda w: {"mass_action": own_mass_action(w)},
)
case(
    f"{M}.rules.shadow_runs",
    preview=lambda w: {"checks": WORDS, "conditions": {}, **a_day(w)},
    run=lambda w: {"rule": own_rule(w), **a_day(w)},
    list_hits=lambda w: {"run_": own_run(w)},
)
case(f"{M}.cases.precision", of_rules=just(), recall=just(), list_dropped=just())
case(
    f"{M}.judgements.pasted_messages",
    judge=lambda w: {"group": group_of(w), "text": "xyzzy"},
    find_listed=lambda w: {"case": own_case(w)},
    remove=lambda w: {"case": own_case(w)},
)
