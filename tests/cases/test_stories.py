"""Small stories of several files about members, marks and facts, of the kinds of the 46 cases."""

from __future__ import annotations

import json

import pytest

from tests.cases.story_files import MEMBERS, ORDER, PAID_BY_PHONE, bring
from tests.cases.terminal import Rows, Terminal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """A terminal of a shop that knows two members."""
    bring(terminal, "members", MEMBERS)
    return terminal


# Whose is it?


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("手机号", "13800138001"),
        ("手机号", "13800138001.0"),
        ("手机号", "+86 138-0013-8001"),
        ("买家手机号", "138 0013 8001"),
        ("手机", "\u202d13800138001\u202c"),
        ("Phone", "(86)13800138001"),
        ("Email", "LIN@Example.com"),
        ("买家邮箱", "lin@example.com"),
        ("会员号", " M1 "),
        ("member_key", "'M1"),
    ],
)
def test_row_finds_its_member(shop: Terminal, heading: str, cell: str) -> None:
    order = [
        ["订单号", heading, "付款时间", "实付金额"],
        ["A1", cell, "2024-03-05", "10"],
    ]
    assert bring(shop, "orders", order)["members"] == 0
    assert shop.orders()["A1"]["member_key"] == "M1"
    assert bring(shop, "tags", [[heading, "标签"], [cell, "vip"]])["members"] == 0
    assert shop.tagged("vip") == ["M1"]
    bring(shop, "memberships", [["群名称", heading], ["早茶群", cell]])
    assert [each["name"] for each in shop.member("M1")["groups"]] == ["早茶群"]
    assert [*shop.members()] == ["M1", "M2"]


def test_fact_finds_its_member_by_phone(shop: Terminal) -> None:
    rows = [
        ["kind", "phone", "happened_at"],
        ["class.booked", "+8613800138001", "2024-03-05"],
    ]
    bring(shop, "facts", rows)
    assert shop.audience({"did": {"kind": "class.booked"}}) == ["M1"]
    assert len(shop.members()) == 2


def test_row_that_names_two_people_is_refused(shop: Terminal) -> None:
    rows = [["phone", "email", "tag"], ["13800138001", "chen@example.com", "vip"]]
    file = shop.write_table("t.csv", rows)
    shop.refuses(file, "tags", naming=("row 2", "two people"))


def test_member_number_wins_over_the_phone_of_a_receiver(shop: Terminal) -> None:
    rows = [
        ["订单号", "会员号", "收货人手机号", "付款时间", "实付金额"],
        ["A1", "M1", "13800138002", "2024-03-05", "10"],
    ]
    bring(shop, "orders", rows)
    assert shop.orders()["A1"]["member_key"] == "M1"
    # Nobody is joined by a present.
    assert len(shop.members()) == 2


def test_receiver_is_the_buyer_only_where_that_is_chosen(shop: Terminal) -> None:
    rows = [
        ["订单号", "收货人手机号", "付款时间", "实付金额"],
        ["A1", "138 0013 8001", "2024-03-05", "10"],
    ]
    bring(shop, "orders", rows)
    assert shop.orders()["A1"]["member_key"] is None
    bring(shop, "orders", rows, "--map", "收货人手机号=phone")
    assert shop.orders()["A1"]["member_key"] == "M1"


def test_unknown_phone_becomes_a_member_who_is_found_later(shop: Terminal) -> None:
    order = [PAID_BY_PHONE, ["A1", "+86 13800138009", "2024-03-05", "10"]]
    assert bring(shop, "orders", order)["members"] == 1
    assert "13800138009" in shop.members()
    bring(shop, "members", [["会员号", "手机号"], ["M9", "138-0013-8009"]])
    assert len(shop.members()) == 3
    assert shop.audience({"did": {"kind": "order.paid"}}) == ["13800138009"]


def test_unknown_member_is_left_out_if_that_is_chosen(shop: Terminal) -> None:
    order = [PAID_BY_PHONE, ["A1", "13800138009", "2024-03-05", "10"]]
    bring(shop, "orders", order, "--unknown-members", "leave")
    assert shop.orders()["A1"]["member_key"] is None
    tag = [["手机号", "标签"], ["13800138009", "vip"]]
    report = bring(shop, "tags", tag, "--unknown-members", "leave")
    assert (report["members"], report["skipped"]) == (0, 1)
    assert len(shop.members()) == 2


def test_unknown_member_is_refused_if_that_is_chosen(shop: Terminal) -> None:
    order = [PAID_BY_PHONE, ["A1", "13800138009", "2024-03-05", "10"]]
    shop.refuses(
        shop.write_table("o.csv", order),
        "orders",
        "--unknown-members",
        "refuse",
        naming=("row 2", "13800138009"),
    )


@pytest.mark.parametrize("files", [[3, 3], [6], [5, 1], [1, 1, 1, 1, 1, 1]])
def test_number_of_six_people_joins_nobody_however_they_come(
    terminal: Terminal, files: list[int]
) -> None:
    number = 0
    for size in files:
        rows = [
            [f"S{number + i}", f"客{number + i}", "13900139000"] for i in range(size)
        ]
        number += size
        table = [["会员号", "昵称", "手机号"], *rows]
        # Three to five people of one number are asked about.
        apart = ["--answer", "shared:手机号=apart"] if 2 < size < 6 else []
        bring(terminal, "members", table, *apart)
    assert len(terminal.members()) == 6


def test_order_by_a_shared_number_goes_to_nobody_by_chance(terminal: Terminal) -> None:
    rows = [[f"S{i}", f"客{i}", "13900139000"] for i in range(8)]
    bring(terminal, "members", [["会员号", "昵称", "手机号"], *rows])
    order = [PAID_BY_PHONE, ["A1", "13900139000", "2024-03-05", "10"]]
    result = terminal.import_file(terminal.write_table("o.csv", order), "orders")
    if result.code == 0:
        assert terminal.orders()["A1"]["member_key"] not in {f"S{i}" for i in range(8)}
    assert terminal.buyers() in ([], ["13900139000"])


def test_new_phone_of_a_member_finds_them(shop: Terminal) -> None:
    bring(shop, "members", [["会员号", "手机号"], ["M1", "13800138007"]])
    order = [PAID_BY_PHONE, ["A1", "13800138007", "2024-03-05", "10"]]
    assert bring(shop, "orders", order)["members"] == 0
    assert shop.orders()["A1"]["member_key"] == "M1"


@pytest.mark.parametrize(
    ("target", "rows"),
    [
        ("orders", [ORDER, ["A1", "M1", "2024-03-05", "10"]]),
        ("orders", [PAID_BY_PHONE, ["A1", "+86 138 0013 8001", "2024-03-05", "10"]]),
        ("tags", [["member_key", "tag"], ["M1", "vip"]]),
        ("tags", [["email", "tag"], ["Lin@Example.com", "vip"]]),
        ("memberships", [["group", "member_key"], ["room", "M1"]]),
        ("members", [["会员号", "手机号"], ["N1", "13800138001"]]),
        (
            "facts",
            [
                ["kind", "member_key", "happened_at"],
                ["class.booked", "M1", "2024-03-05"],
            ],
        ),
    ],
)
def test_erased_person_comes_back_by_no_file(
    shop: Terminal, target: str, rows: Rows
) -> None:
    assert shop.run("members", "erase", "M1", "--for-good").code == 0
    report = bring(shop, target, rows)
    assert report["suppressed"] == 1
    assert [*shop.members()] == ["M2"]


# Marks


def test_two_rows_of_an_exclusive_group_do_not_toggle(shop: Terminal) -> None:
    assert shop.run("tag-groups", "add", "level", "--exclusive").code == 0
    for tag in ("lv1", "lv2"):
        assert shop.run("tags", "add", tag, "--group", "level").code == 0
    rows = [["member_key", "tag"], ["M1", "lv1"], ["M1", "lv2"]]
    file = shop.write_table("t.csv", rows)
    first = shop.import_file(file, "tags")
    if first.code:
        assert "lv1" in first.errors
        return
    tags = shop.member("M1")["tags"]
    again = shop.import_file(file, "tags").json
    assert (again["changed"], shop.member("M1")["tags"]) == (0, tags)


def test_tag_and_its_synonym_in_one_cell_are_one_tag(shop: Terminal) -> None:
    assert shop.run("tags", "add", "忠实").code == 0
    assert shop.run("tags", "add-synonym", "忠实", "老客").code == 0
    bring(shop, "members", [["会员号", "标签"], ["M1", "老客;忠实"]])
    assert shop.member("M1")["tags"] == {"忠实": 1}


def test_tags_of_a_file_obey_the_pattern_of_their_group(shop: Terminal) -> None:
    words = ("tag-groups", "add", "level", "--prefix", "lv-", "--pattern", "lv-[0-9]+")
    assert shop.run(*words).code == 0
    rows = [["member_key", "tag"], ["M1", "lv-gold"]]
    shop.refuses(shop.write_table("t.csv", rows), "tags", naming=("lv-gold",))


STAYS = [
    ["早茶群", "M1", "2024-01-01", "2024-02-01"],
    ["早茶群", "M1", "2024-03-01", ""],
]


@pytest.mark.parametrize(
    "stays", [STAYS, STAYS[::-1]], ids=["in order", "latest first"]
)
def test_latest_of_several_stays_decides(shop: Terminal, stays: Rows) -> None:
    bring(shop, "memberships", [["群名称", "会员号", "入群时间", "退群时间"], *stays])
    (group,) = shop.member("M1")["groups"]
    assert group["state"] == "joined"
    assert group["joined_at"].startswith("2024-03-01")
    kinds = [each["kind"] for each in shop.member("M1")["facts"]]
    assert (kinds.count("group.joined"), kinds.count("group.left")) == (2, 1)


def test_group_is_one_under_two_spellings(shop: Terminal) -> None:
    rows = [["群名称", "会员号"], ["早茶群", "M1"], ["早茶群\u200b ", "M2"]]
    bring(shop, "memberships", rows)
    assert shop.status()["groups"] == 1


# Rules


def test_lower_and_upper_limit_in_one_clause(terminal: Terminal) -> None:
    bring(
        terminal, "members", [["key", "score"], ["a", "59"], ["b", "60"], ["c", "80"]]
    )
    rule = {"attr": {"name": "score", "gte": 60, "lt": 80}}
    assert terminal.audience(rule) == ["b"]


def test_population_of_the_past(terminal: Terminal) -> None:
    rows = [["key", "joined_at"], ["old", "2024-01-01"], ["new", "2025-01-01"]]
    bring(terminal, "members", rows)
    assert terminal.audience({"all": []}, "--at", "2024-06-01") == ["old"]
    nobody = {"not": {"did": {"kind": "order.paid"}}}
    assert terminal.audience(nobody, "--at", "2024-06-01") == ["old"]


def test_dry_run_stores_nothing(terminal: Terminal) -> None:
    before = terminal.stored()
    rows = [ORDER, ["1", "M1", "2024-03-05", "100"]]
    file = terminal.write_table("o.csv", rows)
    plan = terminal.import_file(file, "orders", "--dry-run")
    assert plan.code == 0, plan.errors
    assert json.loads(plan.output)["mapping"]["order_id"] == "order_key"
    assert terminal.stored() == before


# What a later file does not say


def test_empty_cells_of_a_later_file_take_nothing_away(terminal: Terminal) -> None:
    head = [*ORDER, "refund_amount", "refund_date"]
    row = ["1", "M1", "2024-03-05", "100", "30", "2024-03-09"]
    bring(terminal, "orders", [head, row])
    bring(terminal, "orders", [head, ["1", "", "2024-03-05", "100", "", ""]])
    (order,) = terminal.order_list()
    assert (order["member_key"], order["amount"], order["refunded"]) == (
        "M1",
        "100.00",
        "30.00",
    )
    assert terminal.ask("orders", "show", "1")["refunded_at"].startswith("2024-03-0")


def test_refund_of_a_column_is_the_whole_refund(terminal: Terminal) -> None:
    head = [*ORDER, "refund_amount"]
    for refund in ("20", "50", "50"):
        bring(terminal, "orders", [head, ["1", "M1", "2024-03-05", "100", refund]])
    assert terminal.amounts() == {"1": ("100.00", "50.00")}


def test_empty_cells_of_a_members_file_take_nothing_away(shop: Terminal) -> None:
    bring(shop, "members", [["会员号", "城市"], ["M1", "兰州"]])
    bring(shop, "members", [["会员号", "昵称", "手机号", "城市"], ["M1", "", "", ""]])
    assert shop.attribute("M1", "city") == "兰州"
    assert shop.member("M1")["name"] == "小林"
    assert "13800138001" in shop.phones()


# Facts that Qunce records itself


def test_fact_of_joining_a_group_takes_effect_or_is_refused(shop: Terminal) -> None:
    line = {
        "kind": "group.joined",
        "member_key": "M1",
        "group_key": "room",
        "happened_at": "2024-03-05T10:00:00+08:00",
        "payload": {"role": "member"},
    }
    file = shop.write("f.ndjson", json.dumps(line))
    result = shop.import_file(file, "facts")
    if result.code:
        assert "group.joined" in result.errors
    else:
        assert [each["key"] for each in shop.member("M1")["groups"]] == ["room"]


def test_equal_facts_without_a_number_are_counted_as_known(shop: Terminal) -> None:
    row = ["class.booked", "M1", "2024-03-05 10:00"]
    rows = [["kind", "member_key", "happened_at"], row, row]
    report = bring(shop, "facts", rows)
    assert (report["facts"], report["known"]) == (1, 1)


def test_bare_amounts_of_one_order_that_differ_are_refused(terminal: Terminal) -> None:
    rows = [
        ["订单号", "会员号", "付款时间", "实付金额"],
        ["B1", "M1", "2024-03-05 10:00", "50"],
        ["B1", "M1", "2024-03-05 10:00", "30"],
    ]
    file = terminal.write_table("bare.csv", rows)
    terminal.refuses(file, "orders", naming=("row 2", "50", "30"))


def test_member_who_left_before_joining_is_refused(terminal: Terminal) -> None:
    rows = [
        ["会员号", "joined_at", "left_at"],
        ["M1", "2024-03-05", "2024-03-01"],
    ]
    file = terminal.write_table("left.csv", rows)
    terminal.refuses(file, "members", naming=("row 2", "left_at", "2024-03-01"))


def test_list_of_opt_outs_makes_no_member_of_who_did_not_opt_out(
    shop: Terminal,
) -> None:
    before = set(shop.members())
    rows = [["手机号", "退订"], ["13800138077", "否"], ["13800138078", "是"]]
    report = bring(shop, "opt_outs", rows)
    assert set(shop.members()) - before == {"13800138078"}
    assert (report["members"], report["skipped"]) == (1, 1)
