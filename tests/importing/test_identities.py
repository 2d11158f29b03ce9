"""Files that name the same people in other ways, correct them, or bring back erased ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.staff import roles
from qunce.core.staff.models import Staff
from qunce.importing.accounts import unknown_members
from qunce.importing.jobs import join_report
from qunce.importing.plan.options import ALL_ROWS
from qunce.importing.plan.questions import AnswerNeeded
from qunce.importing.undo import undos
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from tests import factories
from tests.factories import AT
from tests.importing import helpers


def run(
    shop: Community, folder: Path, text: str, target: str = "members", **options: str
) -> dict[str, int]:
    job = helpers.run(shop, helpers.write(folder, text), target, **options).job
    counts = job.counts
    assert job.rows_read == job.rows_broken + counts["members"] + sum(
        counts.get(name, 0) for name in ("changed", "known", "skipped", "suppressed")
    )
    return counts


def keys(shop: Community) -> list[str]:
    return factories.matching_keys(shop, {"with_left": {"all": []}})


@pytest.mark.parametrize(
    "row",
    [
        "+86 138-0013-8001,",
        ",ANN@example.com",
        "１３８００１３８００１,ann@example.com",
    ],
)
def test_row_without_a_key_is_whoever_has_its_identifier(
    shop: Community, tmp_path: Path, row: str
) -> None:
    both = {"phone": "13800138001", "email": "ann@example.com"}
    factories.member(shop, "ann", identifiers=both)
    counts = run(shop, tmp_path, f"phone,email,city\n{row},Lanzhou\n")
    assert keys(shop) == ["ann"]
    assert (counts["members"], counts["changed"]) == (0, 1)


def test_unknown_phone_becomes_a_member_known_by_it(
    shop: Community, tmp_path: Path
) -> None:
    run(shop, tmp_path, "phone,name\n138 0013 8001,Ann\n138 0013 8001,Ann\n")
    account = account_queries.get(shop, "13800138001")
    assert (account.channel, account.name) == ("phone", "Ann")
    assert people.get(shop, "13800138001").identifiers == [("phone", "13800138001")]


@pytest.mark.parametrize(("unknown", "count"), [("create", 1), ("leave", 0)])
def test_unknown_members_are_created_only_where_chosen(
    shop: Community, tmp_path: Path, unknown: str, count: int
) -> None:
    factories.member(shop, "ann")
    text = "key,city\nann,Lanzhou\nbob,Xian\n"
    counts = run(shop, tmp_path, text, unknown_members=unknown)
    assert len(keys(shop)) == 1 + count
    assert counts.get("skipped", 0) == 1 - count


def test_rows_of_unknown_members_are_refused_where_chosen(
    shop: Community, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    text = "key,phone\nann,\nbob,13800138001\nbob,\n,13800138002\n"
    path = helpers.write(tmp_path, text)
    result = helpers.run(shop, path, "members", unknown_members="refuse")
    assert [problem.row for problem in result.problems] == [4, 5]
    assert "bob" in result.problems[0].remedy
    assert keys(shop) == ["ann"]


def test_file_replaces_a_phone_and_reports_whom_it_parts(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    phone = {"phone": "13800138001"}
    factories.member(shop, "ann", identifiers=phone)
    factories.member(shop, "bob", identifiers=phone)
    text = "key,phone\nbob,13900139001\n"
    run(shop, tmp_path, text)
    assert len(keys(shop)) == 1
    path = helpers.write(tmp_path, text, "again.csv")
    job = helpers.run(shop, path, "members", identifiers="replace").job
    assert len(keys(shop)) == 2
    assert people.get(shop, "bob").identifiers == [("phone", "13900139001")]
    report = join_report.load(job, by=by)
    assert report["parted"] == [
        {
            "left": "ann",
            "right": "bob",
            "kind": "phone",
            "value": "13800138001",
            "undone": True,
        }
    ]
    assert report["joined"] == []


def test_joins_of_a_file_are_reported_with_their_evidence(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    text = "key,phone,name\na,13800138001,\nb,13800138001,\n" + "".join(
        f"k{n},4008001234,name {n}\n" for n in range(8)
    )
    path = helpers.write(tmp_path, text)
    result = helpers.run(shop, path, "members")
    report = join_report.load(result.job, by=by)
    assert [(each["left"], each["right"]) for each in report["joined"]] == [("a", "b")]
    assert report["joined"][0]["value"] == "13800138001"
    assert report["shared"] == [{"kind": "phone", "value": "4008001234", "accounts": 8}]
    assert len(keys(shop)) == 9
    assert (result.job.counts["joined"], result.job.counts["shared_identifiers"]) == (
        1,
        1,
    )
    role = roles.create(
        name="Importer", base="manager", chosen=["members.import"], by=by, at=AT
    )
    vic = factories.staff(shop, "manager", "vic")
    vic.custom_role = role
    masked = join_report.load(result.job, by=vic)
    assert masked["shared"][0]["value"] == "400****1234"


def test_hotline_is_found_out_over_several_files(
    shop: Community, tmp_path: Path
) -> None:
    for n in range(8):
        run(shop, tmp_path, f"key,phone,name\nk{n},4008001234,{n}x\n")
    assert len(keys(shop)) == 8


def test_erased_people_are_counted_and_stay_away(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    people.erase(account=account_queries.get(shop, "ann"), by=by, at=AT)
    factories.member(shop, "bob")
    text = "key,phone\nann,\nnew,13800138001\nbob,13800138002\n"
    counts = run(shop, tmp_path, text)
    assert counts["suppressed"] == 2
    assert keys(shop) == ["bob"]
    assert run(shop, tmp_path, "phone\n13800138001\n")["suppressed"] == 1


def test_references_of_two_people_are_a_problem(
    shop: Community, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    factories.member(shop, "bob", identifiers={"email": "bob@example.com"})
    text = "phone,email\n13800138001,bob@example.com\n13800138001,\n"
    path = helpers.write(tmp_path, text)
    result = helpers.run(shop, path, "opt_outs")
    (problem,) = result.problems
    assert (problem.row, problem.value) == (2, "bob@example.com")
    assert "two people" in problem.remedy


def test_phone_of_several_people_names_nobody(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    phone = {"phone": "13800138001"}
    ann = factories.member(shop, "ann", identifiers=phone)
    bob = factories.member(shop, "bob", identifiers=phone)
    people.unmerge(left=ann, right=bob, by=by, at=AT)
    path = helpers.write(tmp_path, "phone\n13800138001\n")
    (problem,) = helpers.run(shop, path, "opt_outs").problems
    assert "Several members" in problem.remedy


def test_unknown_members_are_counted_before_the_start(
    shop: Community, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    text = "phone,email\n13800138001,\n13800138002,\n138 0013 8002,\n,x@example.com\n"
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "opt_outs", mode=ALL_ROWS)
    assert unknown_members.count(plan) == 2
    assert len(keys(shop)) == 1


def test_numbers_that_a_spreadsheet_rounded_are_refused(
    shop: Community, tmp_path: Path
) -> None:
    numbers = ["203456789012345000", "203456789012346000", "203456789012347000"]
    path = helpers.write(tmp_path, "key\n" + "\n".join(numbers))
    result = helpers.run(shop, path, "members")
    assert len(result.problems) == 3
    assert "column as text" in result.problems[0].remedy
    # One that is exact shows that the column was not rounded.
    path = helpers.write(
        tmp_path, "key\n" + "\n".join([*numbers, "203456789012347123"])
    )
    assert not helpers.run(shop, path, "members").problems
    assert accounts.DEFAULT_CHANNEL == "import"


FAMILY = "会员号,姓名,手机号\nA1,王丽,138 0013 8001\nA2,赵强,13800138001\nA3,周周,13800138003\n"
HEADING = "shared:手机号"


def test_people_of_one_phone_are_asked_about(shop: Community, tmp_path: Path) -> None:
    with pytest.raises(AnswerNeeded) as raised:
        run(shop, tmp_path, FAMILY)
    for text in ("王丽 (A1)", "赵强 (A2)", "13800138001", "=join", "=apart"):
        assert text in str(raised.value)
    assert keys(shop) == []


@pytest.mark.parametrize(("answer", "people_count"), [("join", 2), ("apart", 3)])
def test_answer_about_people_of_one_phone_is_remembered(
    shop: Community, by: Staff, tmp_path: Path, answer: str, people_count: int
) -> None:
    path = helpers.write(tmp_path, FAMILY)
    job = helpers.run(shop, path, "members", answers={HEADING: answer}).job
    assert len(keys(shop)) == people_count
    shared = join_report.load(job, by=by)["shared"]
    assert [row["accounts"] for row in shared] == [2] * (answer == "apart")
    run(shop, tmp_path, "会员号,姓名,手机号\nB1,李,13700137001\nB2,孙,13700137001\n")
    assert len(keys(shop)) == people_count + (1 if answer == "join" else 2)
    assert run(shop, tmp_path, FAMILY)["known"] == 3


def test_people_who_were_joined_are_parted_and_joined_again_by_the_undo(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, FAMILY)
    helpers.run(shop, path, "members", answers={HEADING: "join"})
    assert len(keys(shop)) == 2
    path = helpers.write(tmp_path, FAMILY, "again.csv")
    job = helpers.run(shop, path, "members", answers={HEADING: "apart"}).job
    assert len(keys(shop)) == 3
    assert job.counts["parted"] == 1
    undos.start(job=job, by=by, at=AT, in_background=False)
    undos.complete(job.pk, at=AT)
    assert len(keys(shop)) == 2


@pytest.mark.parametrize(
    "rows",
    [
        "A1,王丽,13800138001\nA1,王小丽,13800138001\n",
        "A1,王丽,13800138001\nA2,王丽（老客）,13800138001\n",
        "A1,小林,13800138001\nA2,林太太,13800138001\n",
        'A1,Ann Lee,13800138001\nA2,"Lee, Ann",13800138001\n',
        "A1,王丽,13800138001\nA2,,13800138001\n",
        "A1,王丽,-\nA2,赵强,-\n",
        "".join(f"A{n},王{n}丽,13800138001\n" for n in range(6)),
    ],
)
def test_nobody_asks_where_names_contradict_nothing_or_the_limit_decides(
    shop: Community, tmp_path: Path, rows: str
) -> None:
    plan = helpers.plan(
        shop, helpers.write(tmp_path, f"会员号,姓名,手机号\n{rows}"), "members"
    )
    assert [q.key for q in plan.questions if q.key == HEADING] == []


@pytest.mark.parametrize(
    "names",
    [
        ["王丽", "王强"],
        ["Ann Lee", "Bob Lee"],
        ["门店1", "门店2", "门店3"],
        ["阿明", "Bob"],
    ],
)
def test_names_that_hardly_belong_to_one_person_are_asked_about(
    shop: Community, tmp_path: Path, names: list[str]
) -> None:
    rows = "".join(f"A{n},{name},13800138001\n" for n, name in enumerate(names))
    path = helpers.write(tmp_path, f"会员号,姓名,手机号\n{rows}")
    plan = helpers.plan(shop, path, "members")
    assert [q.key for q in plan.questions if q.is_open] == [HEADING]


def test_addresses_in_other_spellings_are_asked_about(
    shop: Community, tmp_path: Path
) -> None:
    text = "unionid,name,email\nU1,Ann,Shop@Example.com\nU2,Bob, shop@example.com\n"
    with pytest.raises(AnswerNeeded, match="shared:email=apart"):
        run(shop, tmp_path, text)
