"""How the sweep calls verbs: lists, entry gates, people in several groups, patrols."""

from __future__ import annotations

from typing import Any

from qunce.channels.channel_contract import ActionKind
from qunce.groups import groups
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.entry.models import EntryRequest, GroupRules
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.lists.candidates import Candidate
from qunce.groups.lists.models import ListEntry
from qunce.groups.moderation.models import Action
from qunce.groups.overlaps import group_sets
from qunce.groups.overlaps.models import CleanUp, GroupSet
from tests.access.cases.base import SOON, case, just
from tests.access.world import World


def group_of(world: World) -> Group:
    return Group.objects.select_related("community").get(pk=world.ids["group"])


def own_entry(world: World) -> ListEntry:
    return lists.add(
        community=world.community,
        list_name="black",
        account=world.ids["account"],
        groups=[group_of(world)],
        by=world.owner,
        at=world.at,
    )


def candidate(world: World) -> dict[str, Any]:
    found = Candidate(channel="matrix", channel_key="@later:evil.org")
    return {"candidates": [found], "list_name": "black"}


def gated(world: World) -> Group:
    group = group_of(world)
    by, at = world.owner, world.at
    gates.configure(group=group, keywords=["cheese"], by=by, at=at)
    gates.switch(group=group, is_on=True, by=by, at=at)
    return group


def own_request(world: World) -> EntryRequest:
    return requests.open_request(
        group=gated(world), account=world.ids["account"], by=world.owner, at=world.at
    )


def by_hand(world: World) -> dict[str, Any]:
    row = own_request(world)
    row.action = Action.objects.create(
        community=world.community,
        group=row.group,
        kind=ActionKind.KICK,
        key="by hand",
        account_id=row.account_id,
        state="with_staff",
        due_at=world.at,
        created_at=world.at,
    )
    row.save()
    return {"request": row}


def ruled(world: World) -> GroupRules:
    return group_rules.publish(
        group=group_of(world), text="No adverts.", by=world.owner, at=world.at
    )


def accepting(world: World) -> dict[str, Any]:
    rules = ruled(world)
    groups.add_members(
        group=rules.group,
        accounts=[world.ids["account"]],
        by=world.owner,
        at=world.at,
    )
    return {"group": rules.group, "account": world.ids["account"]}


def two_groups(world: World) -> list[Group]:
    other = Group.objects.filter(community=world.community).exclude(
        pk=world.ids["group"]
    )
    visible = Group.objects.filter(pk=world.seen["group"])
    found = visible if world.ids["group"] != world.seen["group"] else other
    return [group_of(world), *found.order_by("pk")[:1]]


def own_set(world: World) -> GroupSet:
    made = group_sets.create(
        name="Town", groups=two_groups(world), by=world.owner, at=world.at
    )
    return group_sets.get(pk=made.pk, by=world.owner)


def own_run(world: World, state: str = "waiting") -> CleanUp:
    return CleanUp.objects.create(
        community=world.community,
        group_set=own_set(world),
        state=state,
        keep="earliest",
        created_at=world.at,
        by=world.owner,
    )


LISTS, ENTRY = "groups.lists", "groups.entry"
OVERLAPS, PATROL = "groups.overlaps", "groups.patrol"
case(
    f"{LISTS}.lists",
    add=lambda w: {
        "list_name": "black",
        "account": w.ids["account"],
        "groups": [group_of(w)],
    },
    extend=lambda w: {"entry": own_entry(w), "reason": "rude"},
    remove=lambda w: {"entry": own_entry(w)},
    get=lambda w: {"pk": own_entry(w).pk},
    list_visible=just(),
)
case(f"{LISTS}.candidates", preview=candidate, add_all=candidate)
case(
    f"{ENTRY}.gates",
    configure=lambda w: {"group": group_of(w), "keywords": ["cheese"]},
    switch=lambda w: {"group": gated(w), "is_on": False},
    list_visible=just(),
)
case(
    f"{ENTRY}.requests",
    open_request=lambda w: {"group": gated(w), "account": w.ids["account"]},
    answer=lambda w: {"request": own_request(w), "text": "cheese"},
    let_in=lambda w: {"request": own_request(w)},
    refuse=lambda w: {"request": own_request(w)},
    mark_done=by_hand,
    get=lambda w: {"pk": own_request(w).pk},
    list_visible=just(),
)
case(
    f"{ENTRY}.group_rules",
    publish=lambda w: {"group": group_of(w), "text": "No adverts."},
    accept=accepting,
    count_accepted=lambda w: {"rules": ruled(w)},
)
case(
    f"{OVERLAPS}.group_sets",
    create=lambda w: {"name": "New", "groups": two_groups(w)},
    update=lambda w: {"group_set": own_set(w), "name": "Newer"},
    archive=lambda w: {"group_set": own_set(w)},
    get=lambda w: {"pk": own_set(w).pk},
    list_visible=just(),
)
case(f"{OVERLAPS}.boards", load=lambda w: {"group_set": own_set(w)})
case(f"{OVERLAPS}.likely_people", find=lambda w: {"group_set": own_set(w)})
case(f"{OVERLAPS}.exposures", find=just())
case(
    f"{OVERLAPS}.clean_ups",
    preview=lambda w: {"group_set": own_set(w)},
    start=lambda w: {"group_set": own_set(w), "expected": 1},
    approve=lambda w: {"clean_up": own_run(w)},
    refuse=lambda w: {"clean_up": own_run(w)},
    undo=lambda w: {"clean_up": own_run(w, "running")},
    get=lambda w: {"pk": own_run(w).pk},
    list_visible=just(),
)
case(
    f"{PATROL}.rounds",
    mark_seen=lambda w: {"group": group_of(w), "until": w.at},
    unmark=lambda w: {"group": group_of(w), "since": w.at - SOON},
    ask_removal=lambda w: {"group": group_of(w), "account": w.ids["account"]},
    view=lambda w: {"group": group_of(w)},
    find_next=just(after=None),
    list_groups=just(),
    list_unseen=just(),
)
