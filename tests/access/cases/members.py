"""How the sweep calls verbs: members."""

from __future__ import annotations

from typing import Any

from qunce.members.accounts import accounts
from qunce.members.layers import layering_specs, layers
from qunce.members.people import people
from qunce.members.scores import presets as score_presets
from qunce.members.scores import scores
from qunce.members.search import member_list
from qunce.members.segments import segments
from qunce.members.tags import levels, library
from qunce.sets.bitmaps import bitmaps
from tests.access.cases.base import (
    EVERYONE,
    LEVELS,
    SOON,
    after,
    both,
    case,
    ids,
    just,
    one,
    using,
)
from tests.access.world import World
from tests.two_communities import SCOPE

case(
    "members.accounts.accounts",
    create=just(key="new"),
    update=one("account", name="Newer"),
    add_identifier=one("account", kind="phone", value="13800002222"),
    leave=one("account"),
    rejoin=after(accounts.leave, one("account")),
    ensure=lambda w: {"keys": [w.get("account").key]},
)
case(
    "members.accounts.identity_settings",
    update=just(region="CN", shared_identifier_limit=5),
)
case(
    "members.accounts.placeholders",
    add=just(text="nobody"),
    delete=one("placeholder"),
)
NAMED = using(lambda w: {"references": {"member_key": w.get("account").key}})
NAMED_ROWS = using(lambda w: {"rows": [{"member_key": w.get("account").key}]})
case(
    "members.accounts.resolver",
    find_or_create=lambda w: NAMED(w) | {"seen_at": w.at},
    find_or_create_all=lambda w: NAMED_ROWS(w) | {"seen_at": [w.at]},
    create=lambda w: {"joined": {("member_key", "new"): w.at}},
)
case("members.accounts.suppression", lift=just(kind="phone", value="13800003333"))
case(
    "members.attributes.attributes",
    define=just(name="new", type="text"),
    update=one("attribute", label="Newer", section="basic", choices=()),
    set_values=lambda w: {
        "attribute": w.get("attribute"),
        "values": {w.ids["account"]: "x"},
    },
)
case(
    "members.attributes.type_change_jobs",
    start=one("attribute", type="number"),
    get=ids("pk", "type change"),
)
case(
    "members.attributes.type_changes",
    change_type=one("attribute", type="number", drop_unreadable=True),
    preview=one("attribute", type="number"),
)
case("members.layers.assignment", preview_sizes=just(spec=layering_specs.VALUE))
case(
    "members.layers.layers",
    create=just(key="new", spec=layering_specs.VALUE),
    update=one("layering", spec=layering_specs.VALUE, name="Newer"),
    recompute=one("layering"),
    archive=one("layering"),
    restore=after(layers.archive, one("layering")),
)


def with_two_runs(world: World) -> dict[str, Any]:
    """The layering, computed on two days, and the first of them."""
    layering = world.get("layering")
    for at in (world.at - SOON, world.at):
        layers.recompute(layering=layering, by=world.owner, at=at)
    day = layering.community.day(world.at - SOON)
    return {"layering": layering, "day": day}


case(
    "members.layers.moves",
    compare=with_two_runs,
    moves_since=one("layering", day=0),
    list_people=one("layering", day=0, before="low", after="high"),
)
PARTS: dict[str, Any] = {"parts": [score_presets.LOYALTY.build()["parts"][0]]}
SCORE = using(lambda w: {"score": scores.get(w.community, "activity")})


def with_added_score(world: World) -> dict[str, Any]:
    """A score that is not ready-made, so that it can be deleted."""
    added = scores.create(
        community=world.community,
        key="added",
        name="Added",
        spec=PARTS,
        by=world.owner,
        at=world.at,
    )
    return {"score": added}


case(
    "members.scores.scores",
    visible_spec=just(spec=PARTS),
    create=just(key="new", name="New", spec=PARTS),
    update=both(SCORE, just(spec=PARTS)),
    delete=with_added_score,
)
case(
    "members.people.corrections",
    correct=one("account", kind="phone", value="13800009999"),
)
case(
    "members.people.named_members",
    get_by_key=lambda w: {"key": w.get("account").key},
    find_all=NAMED_ROWS,
    get_by_references=NAMED,
)
case(
    "members.consents.consents",
    record=one("account", purpose="marketing", is_given=True),
)
case(
    "members.people.notes",
    create=one("account", text="Text"),
    update=one("note", text="Newer"),
    complete=one("note"),
    reopen=one("note"),
    get=ids("pk", "note"),
    list_open_until=lambda w: {"until": w.at},
)


def two_people(world: World) -> dict[str, Any]:
    pair = one("left=account", "right=twin")(world)
    if world.ids is world.hidden:
        people.unmerge(**pair, by=world.owner, at=world.at)
    return pair


case(
    "members.people.people",
    merge=two_people,
    unmerge=one("left=account", "right=twin"),
    undo_merge=one("merge"),
    erase=one("account"),
)
case(
    "members.people.remark_names",
    set_pattern=just(text="{name}"),
)
case("members.people.person_export", export=ids("account"))
case("members.people.shared_identifiers", unmark=one("shared"))
case(
    "members.people.staff_accounts",
    mark=ids("accounts"),
    unmark=ids("account"),
)
PEOPLE = using(lambda w: {"people": bitmaps.of([w.ids["account"]])})
BITMAP = using(lambda w: {"accounts": bitmaps.of([w.ids["account"]])})
case(
    "members.people.visibility",
    get=ids("account"),
    filter_visible=ids("accounts"),
    filter_accounts=ids("accounts"),
    list_visible=BITMAP,
    visible_people=just(),
)


def sorted_people(world: World) -> dict[str, Any]:
    order = member_list.sort(**PEOPLE(world), by=world.owner, at=world.at)
    return {"order": order, "columns": ()}


case(
    "members.search.export",
    begin=both(PEOPLE, just(file_format="csv")),
    start=PEOPLE,
)
case("members.search.list_export", start=sorted_people)
case(
    "members.search.member_list",
    find_people=just(query="Seen"),
    get_page=just(query="Seen"),
)
case(
    "members.saved_views.saved_views",
    save=just(name="View", columns=[], filters={}, sort_by="", is_shared=True),
    delete=one("view"),
    get=ids("pk", "view"),
    list_for=just(),
    layout_of=just(),
    set_layout=just(columns=[], page_size=50),
)
case("members.search.search", find=just(query="Seen"), suggest=just(query="Seen"))
case("members.segments.frozen", freeze=just(key="new", rule=EVERYONE))
case(
    "members.segments.segments",
    create=just(key="new", rule=SCOPE),
    update=one("segment", rule=EVERYONE),
    archive=one("segment"),
    restore=after(segments.archive, one("segment")),
    count=one("segment"),
)
case("members.segments.watches", start=one("segment"), stop=one("segment"))
case(
    "members.staff_in_charge.assignments",
    assign=both(ids("accounts"), one("staff")),
    count_members=one("staff"),
)
case(
    "members.staff_in_charge.hand_overs",
    create=both(ids("accounts"), one("staff")),
    create_by_rule=one("staff", rule=EVERYONE, expected=3),
    get=ids("pk", "hand-over"),
    undo=one("hand_over=hand-over"),
)
TAGGED = both(one("tag"), ids("accounts"))
case(
    "members.tags.assignments",
    apply=TAGGED,
    set_depths=lambda w: {"tag": w.get("tag"), "depths": {w.ids["account"]: 2}},
    change_depth=both(TAGGED, just(change=levels.DepthChange(2))),
    deepen=TAGGED,
    remove=TAGGED,
    undo=one("batch"),
    get_batch=ids("pk", "batch"),
    list_batches=just(limit=5),
    list_batches_of_tag=one("tag", limit=5),
)
case(
    "members.tags.bulk",
    start=both(one("tag"), PEOPLE, just(action="apply")),
    get=ids("pk", "tag job"),
)
case("members.tags.deepening", set_kinds=one("tag", kinds=["order.paid"]))
case("members.tags.duplicates", dismiss=one("tag", "other=other_tag"))
case(
    "members.tags.groups",
    create=just(key="new"),
    update=one("group=tag_group", name="Newer"),
)
case(
    "members.tags.library",
    create=just(key="new"),
    update=one("tag", name="Newer"),
    move=one("tag", group=None),
    set_owner=one("tag", "owner=staff"),
    set_levels=one("tag", levels=LEVELS),
    archive=one("tag"),
    restore=after(library.archive, one("tag")),
    add_synonym=one("tag", key="another"),
    remove_synonym=one("synonym"),
    ensure=just(keys=["new"]),
)
case("members.tags.merges", merge=one("tag=other_tag", "into=tag"))
case("members.tags.templates", apply=just(template="education"))

case("sidebar.member_sidebar", load=ids("account"))
case("sidebar.member_search", suggest=just(query="Homely"))
