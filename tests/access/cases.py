"""How the sweep calls each verb: its arguments besides `community`, `by` and `at`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from qunce.channels.webhooks import endpoints
from qunce.core import exchange_rates
from qunce.groups import groups
from qunce.importing.jobs import jobs, uploads
from qunce.importing.plan.options import ImportOptions
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import accounts
from qunce.members.layers import layering_specs, layers
from qunce.members.people import people
from qunce.members.search import member_list
from qunce.members.segments import segments
from qunce.members.tags import levels, library
from qunce.outreach.campaigns import campaigns
from qunce.outreach.sending import assisted_sending
from qunce.sales.order_list import OrderFilters
from qunce.sets.bitmaps import bitmaps
from tests.access.world import World
from tests.two_communities import PASSWORD, SCOPE

Case = Callable[[World], dict[str, Any]]
CASES: dict[str, Case] = {}
EVERYONE: dict[str, Any] = {"all": []}


def one(*names: str, **others: Any) -> Case:
    """The objects of these names (`parameter=object` where they differ), and values."""

    def arguments(world: World) -> dict[str, Any]:
        pairs = (name.partition("=")[::2] for name in names)
        return {
            parameter: world.get(source or parameter) for parameter, source in pairs
        } | others

    return arguments


def ids(name: str, key: str = "account", **others: Any) -> Case:
    """The id of an object, in a list if the parameter is plural."""

    def arguments(world: World) -> dict[str, Any]:
        pk = world.ids[key]
        return {name: [pk] if name.endswith("s") else pk} | others

    return arguments


def using(arguments: Case) -> Case:
    return arguments


def both(*cases: Case) -> Case:
    return lambda world: {k: v for case in cases for k, v in case(world).items()}


def after(verb: Callable[..., Any], before: Case, then: Case | None = None) -> Case:
    """Let an owner do something first, on which the verb depends."""

    def arguments(world: World) -> dict[str, Any]:
        verb(**before(world), by=world.owner, at=world.at)
        return (then or before)(world)

    return arguments


def just(**values: Any) -> Case:
    return lambda world: values


def case(area: str, **cases: Case) -> None:
    for name, arguments in cases.items():
        CASES[f"{area}.{name}"] = arguments


SOON = timedelta(days=1)
LEVELS = ((1, "Low"),)

# Settings and staff

RATE_KEY = using(
    lambda w: {
        "community": w.community,
        "currency": "USD",
        "since": w.at.date(),
    }
)
RATE = both(RATE_KEY, just(rate=Decimal(7)))

case(
    "core.exchange_rates",
    set_rate=RATE,
    remove=after(exchange_rates.set_rate, RATE, RATE_KEY),
    remove_all=after(exchange_rates.set_rate, RATE, just()),
)
case(
    "core.staff.api_keys",
    create=one("staff", name="Key", scopes=["members:read"]),
    revoke=one("key"),
)
case("core.jobs.job_queue", retry=one("job=queued"))
case("core.staff.linked_accounts", unlink=one("staff=linked"))
case("core.staff.passwords", set_temporary=one("staff", password=PASSWORD))
case("core.staff.two_factor", disable=one("staff"))
case(
    "core.staff.roles",
    create=just(name="New", base="operator", chosen=["tags.apply"]),
    update=one("role", name="Newer", chosen=[]),
    delete=one("role"),
    get=ids("pk", "role"),
)
case(
    "core.staff.staff",
    add=just(login="new-one", name="New", role="operator", password=PASSWORD),
    update=one("staff", name="Newer"),
    deactivate=one("staff"),
    reactivate=one("staff"),
    require_two_factor=just(required=True),
    get_by_login=just(login="hired"),
    get=ids("pk", "staff"),
)
case(
    "core.staff.units",
    create=just(name="New", kind="local"),
    update=one("unit", name="Newer", kind="local", parent=None),
    close=one("unit"),
    reopen=one("unit"),
)
case(
    "channels.webhooks.deliveries",
    send_test=one("endpoint"),
    retry=one("delivery"),
)
case(
    "channels.webhooks.endpoints",
    create=just(name="New", url="https://hooks.example.com/new", kinds=["order.paid"]),
    update=one("endpoint", name="Newer"),
    renew_secret=one("endpoint"),
    pause=one("endpoint"),
    resume=after(endpoints.pause, one("endpoint")),
    delete=one("endpoint"),
    list_endpoints=just(),
    get=ids("pk", "endpoint"),
)

# Questions

ABOUT_ALL = {"with_left": EVERYONE}
case(
    "sets.audiences",
    compile_rule=just(rule=EVERYONE),
    count=just(rule=EVERYONE),
    count_staff=just(rule=EVERYONE),
    people=just(rule=EVERYONE),
    list_ids=just(rule=EVERYONE),
    overlap=just(left=EVERYONE, right=EVERYONE),
    funnel=just(rule=EVERYONE),
    explain=ids("account", rule=EVERYONE),
)
case("sets.set_sizes", count_by_ref=ids("refs", "tag", kind="tag"))
DAYS = using(lambda w: {"first": w.at.date(), "last": w.at.date()})
GROUP_KEY = using(lambda w: {"groups": [w.get("group").key]})
case(
    "insight.metrics",
    compute_for_community=DAYS,
    sales_left_out=DAYS,
    compute_for_groups=both(DAYS, GROUP_KEY),
)
case(
    "insight.period_comparison",
    compare_community=just(),
    compare_group=lambda w: {"key": w.get("group").key},
)

# Members

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
case(
    "members.layers.moves",
    moves_since=one("layering", day=0),
    list_people=one("layering", day=0, before="low", after="high"),
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
case(
    "members.staff_in_charge.assignments",
    assign=both(ids("accounts"), one("staff")),
    hand_over=one("staff", rule=EVERYONE, expected=3),
    count_members=one("staff"),
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

# Groups, outreach, sales

MEMBER_OF = both(one("group"), ids("account"))
MEMBERS_OF = both(one("group"), ids("accounts"))
case(
    "groups.groups",
    create=just(key="new"),
    update=one("group", name="Newer"),
    change_stage=one("group", transition="stabilize"),
    add_members=MEMBERS_OF,
    remove_members=MEMBERS_OF,
    ensure=lambda w: {"keys": [w.get("group").key]},
)
case(
    "groups.memberships",
    change_role=both(MEMBER_OF, just(role="owner")),
    undo_addition=one("group", moment=0),
    add_again=after(groups.remove_members, MEMBERS_OF, MEMBER_OF),
    count_members=one("group"),
    count_staff=one("group"),
    list_members=one("group"),
    list_members_with_role=one("group"),
)
case(
    "groups.staff_lists",
    list_people=just(),
    get_person=ids("account"),
)
case(
    "groups.visibility",
    list_visible=just(),
    get=ids("pk", "group"),
)
case("outreach.campaigns.audience_plan", build=one("campaign"))


def complete_draft(world: World) -> dict[str, Any]:
    draft, values = world.get("draft"), {"text": "Hello", "rule": EVERYONE}
    staff = [world.owner.pk]
    campaigns.update(campaign=draft, **values, staff=staff, by=world.owner, at=world.at)
    return {"campaign": draft}


SCHEDULED = both(complete_draft, lambda w: {"send_at": w.at + SOON})
case(
    "outreach.campaigns.campaigns",
    create=just(name="New"),
    update=one("campaign=draft", name="Newer"),
    duplicate=one("campaign"),
    schedule=SCHEDULED,
    unschedule=after(campaigns.schedule, SCHEDULED, one("campaign=draft")),
    pause=one("campaign"),
    resume=after(campaigns.pause, one("campaign")),
    list_visible=just(),
    list_stopped=just(),
    get=ids("pk", "campaign"),
)
case(
    "outreach.campaigns.launch",
    start=complete_draft,
    cancel=one("campaign"),
)
case(
    "outreach.campaigns.results",
    list_recipients=one("campaign"),
    export_recipients=one("campaign"),
)
case("outreach.campaigns.review", build=one("campaign"))
case("outreach.opt_outs", opt_out=ids("accounts"), opt_in=ids("accounts"))


def opened(world: World) -> dict[str, Any]:
    task = world.get("task")
    assisted_sending.open_next(task=task, by=task.staff, at=world.at)
    return {"task": task, "target": world.ids["account"]}


def marked(world: World) -> dict[str, Any]:
    target = opened(world)
    by = target["task"].staff
    assisted_sending.mark_sent(**target, by=by, at=world.at)
    return target


case(
    "outreach.sending.assisted_sending",
    open_next=one("task"),
    mark_sent=opened,
    mark_failed=both(opened, just(reason="blocked")),
    undo=marked,
    hand_over=one("task", "to=staff"),
)
case(
    "outreach.sending.tasks",
    list_visible=just(),
    get=ids("pk", "task"),
    list_late_of_others=just(),
)
FILTERED = using(lambda w: {"filters": OrderFilters(member=w.ids["account"])})
PAID = just(key="New", amount=100, currency="CNY")
REFUNDED = using(lambda w: {"key": w.get("order").key, "refunded_at": w.at})
case(
    "sales.order_list",
    get=ids("pk", "order"),
    page=FILTERED,
    totals=FILTERED,
    sales=lambda w: {"filters": OrderFilters(), "totals": []},
)
case("sales.order_export", start=FILTERED)
case(
    "sales.orders",
    record_payment=both(PAID, ids("account")),
    amend=one("order", amount=100),
    refund=REFUNDED,
    refund_order=lambda w: {"order": w.get("order"), "refunded_at": w.at},
    refund_up_to=lambda w: REFUNDED(w) | {"total": 50},
)

# Files and programs

OPTIONS = ImportOptions(target="members", mapping={"key": "key"})
MEMBERS_FILE = using(lambda w: {"source": uploads.get_source(w.get("upload"))})


def received(world: World) -> dict[str, Any]:
    path: Path = uploads.new_upload_path(world.community)
    path.write_text("key,name\nann,Ann\n")
    return {"path": path, "name": "new.csv"}


def reported(world: World) -> dict[str, Any]:
    account = world.ids["account"]
    fact = IncomingFact("shop.visited", world.at, account=account, key="visit")
    return {"incoming": [fact]}


QUEUED = using(
    lambda w: {
        "upload": w.get("upload"),
        "digest": "0",
        "options": jobs.options_of(w.get("job")),
    }
)
case(
    "importing.background_imports",
    start=after(jobs.cancel, one("job"), one("upload")),
    retry=after(jobs.cancel, one("job"), one("job", mode="upsert")),
    resume=after(jobs.cancel, one("job")),
    plan_upload=one("upload"),
)
case("importing.jobs.error_report", log_download=one("job"))
case(
    "importing.jobs.jobs",
    find_or_create=just(file_name="a.csv", digest="0", options=OPTIONS),
    start=after(jobs.cancel, one("job"), QUEUED),
    cancel=one("job"),
    resume=after(jobs.cancel, one("job")),
)
case("importing.jobs.join_report", load=one("job"))
case(
    "importing.jobs.uploads",
    accept=received,
    set_options=one("upload", options=OPTIONS),
    change_options=one("upload", mode="upsert"),
    select_sheet=one("upload", sheet="", encoding="utf-8"),
    discard=lambda w: {"upload": uploads.accept(**received(w), by=w.owner, at=w.at)},
)
case("importing.pipeline", plan=both(MEMBERS_FILE, just(options=OPTIONS)))
case("importing.plan_review", review=one("upload"))
case("importing.undo.undos", start=one("job"))
case("ingest", record_facts=reported)
