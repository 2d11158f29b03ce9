"""K12: an import is undone, except for what was changed since."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.db import connection

from qunce import schedule
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.jobs import job_queue, scheduler
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs, journal, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import ImportOptions
from qunce.importing.undo import step_registry, undos
from qunce.importing.undo.steps.tag_batches import TagBatchStep
from qunce.importing.undo.undos import ImportUndo
from qunce.members.accounts import accounts, erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.people import people, removal
from qunce.outreach import opt_outs
from qunce.sales import orders
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = pytest.mark.django_db(transaction=True)
UNDONE_AT = LATER + timedelta(hours=1)


def run_jobs(at: Any = UNDONE_AT) -> None:
    only = {name: schedule.SCHEDULE[name] for name in (jobs.JOB, jobs.UNDO_JOB)}
    while scheduler.run_due(only, clock=lambda: at):
        pass


def undo(job: ImportJob, by: Staff) -> ImportUndo:
    job.refresh_from_db()
    undos.start(job=job, by=by, at=UNDONE_AT)
    run_jobs()
    job.refresh_from_db()
    assert job.state == "undone"
    found = undos.find(job)
    assert found is not None
    return found


def run(
    by: Staff, text: str, folder: Path, target: str, at: datetime = AT, **options: Any
) -> ImportJob:
    path = helpers.write(folder, text)
    plan = pipeline.plan(
        community=by.community,
        source=sources.inspect(path),
        options=ImportOptions(target=target, **options),
        by=by,
        at=at,
    )
    return pipeline.run(plan).job


def test_created_members_are_removed_and_may_come_again(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    text = "key,name,phone,tags,level\na,小红,13800138000,VIP,3\nb,小明,,VIP,4\n"
    job = run(by, text, tmp_path, "members")
    assert factories.matching_keys(shop, {"tag": {"any": ["VIP"]}}) == ["a", "b"]
    done = undo(job, by)
    assert done.counts["accounts"] == 2
    assert not account_queries.find(shop, ["a", "b"])
    assert factories.matching_keys(shop, {"tag": {"any": ["VIP"]}}) == []
    assert factories.matching_keys(shop, {"all": []}) == []
    again = run(by, text, tmp_path, "members")
    assert again.counts["members"] == 2
    assert factories.matching_keys(shop, {"all": []}) == ["a", "b"]


def test_member_who_was_used_since_stays_and_is_listed(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(by, "key,name\na,小红\nb,小明\n", tmp_path, "members")
    account = account_queries.get(shop, "a")
    accounts.update(account=account, name="红", by=by, at=LATER)
    done = undo(job, by)
    assert (done.counts["accounts"], done.remainder_count) == (1, 1)
    assert account_queries.get(shop, "a").name == "红"
    assert not account_queries.find(shop, ["b"])
    assert [row.subject for row in done.remainders.all()] == ["a"]


@pytest.mark.both_databases
def test_fields_values_and_groups_of_known_members_go_back(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    first = "key,name,level,likes,groups\na,小红,3,茶;糖,群一\n"
    run(by, first, tmp_path, "members")
    second = "key,name,level,likes,groups\na,红姐,4,茶,群二\n"
    job = run(by, second, tmp_path, "members", LATER)
    assert people.get(shop, "a").attributes["level"].text == "4"
    done = undo(job, by)
    person = people.get(shop, "a")
    assert person.name == "小红"

    assert person.attributes["level"].text == "3"
    present = Membership.objects.filter(present=True)
    assert [row.group.key for row in present] == ["群一"]
    assert done.remainder_count == 0


@pytest.mark.both_databases
def test_memberships_go_back_to_their_former_state(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    first = "member_key,group_key,joined_at\na,g,2026-01-02\nb,g,2026-01-02\n"
    run(by, first, tmp_path, "memberships")
    second = (
        "member_key,group_key,joined_at,left_at,role\n"
        "a,g,2026-01-02,2026-02-01,member\nb,g,2026-01-02,,koc\nc,g,2026-01-05,,\n"
    )
    job = run(by, second, tmp_path, "memberships", LATER)
    assert factories.matching_keys(shop, {"group": {"any": ["g"]}}) == ["b", "c"]
    undo(job, by)
    assert factories.matching_keys(shop, {"group": {"any": ["g"]}}) == ["a", "b"]
    roles = Membership.objects.filter(present=True).values_list("role", flat=True)
    assert set(roles) == {"member"}


@pytest.mark.both_databases
def test_tags_of_many_members_go_back_in_parts(
    shop: Community, by: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TagBatchStep, "accounts_per_part", 3)
    factories.members(shop, *(f"m{n}" for n in range(8)))
    factories.apply_tag(shop, "VIP", "m7")
    rows = "".join(f"m{n},VIP,{n % 2 + 1}\n" for n in range(8))
    job = run(by, f"member_key,tag,depth\n{rows}", tmp_path, "tags")
    tagged = {"tag": {"any": ["VIP"]}}
    assert len(factories.matching_keys(shop, tagged)) == 8
    done = undo(job, by)
    assert factories.matching_keys(shop, tagged) == ["m7"]
    assert (done.remainder_count, done.counts["tag_batches"]) == (0, 8)


def test_tags_go_back_unless_changed_since(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    run(by, "key\na\nb\n", tmp_path, "members")
    job = run(by, "member_key,tag,depth\na,VIP,2\nb,VIP,1\n", tmp_path, "tags")
    undo(job, by)
    assert factories.matching_keys(shop, {"tag": {"any": ["VIP"]}}) == []
    assert factories.matching_keys(shop, {"all": []}) == ["a", "b"]


def test_facts_cannot_be_undone_and_the_refusal_says_why(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    text = "kind,member_key,happened_at\npage.viewed,a,2026-01-02\n"
    job = run(by, text, tmp_path, "facts")
    with pytest.raises(undos.ImportNotUndoable, match="log"):
        undos.start(job=job, by=by, at=AT)
    assert not undos.may_undo(job, by=by, at=AT)


ORDERS = (
    "order_id,phone,paid_at,total,refund_amount,category\n"
    "o1,13800138001,2026-01-02 10:00,100.00,0,tea\n"
    "o2,13800138001,2026-01-03 10:00,50.00,20.00,tea\n"
)


def orders_of(shop: Community) -> list[tuple[str, int, int]]:
    rows = Order.objects.filter(community_id=shop.pk).order_by("key")
    return list(rows.values_list("key", "amount", "refunded_amount"))


def buyers(shop: Community, times: int) -> list[str]:
    """Return the keys of members who bought at least so many times."""
    deriver.catch_up()
    rule = {"did": {"kind": "order.paid", "times": {"gte": times}}}
    return factories.matching_keys(shop, rule)


@pytest.mark.both_databases
def test_orders_and_the_members_they_made_are_taken_back(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(by, ORDERS, tmp_path, "orders")
    assert buyers(shop, 2) == ["13800138001"]
    done = undo(job, by)
    assert (done.counts["orders"], done.counts["accounts"], done.remainder_count) == (
        2,
        1,
        0,
    )
    assert orders_of(shop) == []
    assert factories.matching_keys(shop, {"all": []}) == []
    run(by, ORDERS, tmp_path, "orders")
    assert orders_of(shop) == [("o1", 10_000, 0), ("o2", 5_000, 2_000)]
    assert buyers(shop, 2) == ["13800138001"]


@pytest.mark.both_databases
def test_amended_orders_are_as_they_were(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    run(by, ORDERS, tmp_path, "orders")
    before = orders_of(shop)
    changed = (
        ORDERS.replace("100.00,0", "80.00,30.00")
        + "o3,13800138001,2026-01-04 10:00,7,0,tea\n"
    )
    job = run(by, changed, tmp_path, "orders", LATER)
    assert orders_of(shop) != before
    assert buyers(shop, 3) == ["13800138001"]
    done = undo(job, by)
    assert orders_of(shop) == before
    assert buyers(shop, 3) == []
    assert buyers(shop, 2) == ["13800138001"]
    assert done.remainder_count == 0


@pytest.mark.both_databases
def test_order_does_not_go_back_to_a_member_erased_since(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    run(by, ORDERS, tmp_path, "orders")
    buyer = Order.objects.get(key="o1").account_id
    changed = ORDERS.replace("13800138001", "13900139000")
    job = run(by, changed, tmp_path, "orders", LATER)
    other = Order.objects.get(key="o1").account_id
    assert other not in (None, buyer)
    account = Account.objects.get(pk=buyer or 0)
    people.erase(account=account, by=by, at=LATER)
    undo(job, by)
    assert Order.objects.get(key="o1").account_id is None
    deriver.catch_up()
    assert not Fact.objects.filter(account_id=buyer, recorded_at=UNDONE_AT).exists()


@pytest.mark.both_databases
def test_identifier_of_somebody_erased_since_does_not_come_back(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    first = "key,phone\na,13800138000\n"
    run(by, first, tmp_path, "members")
    second = "key,phone\na,13900139000\nb,13800138000\n"
    job = run(by, second, tmp_path, "members", LATER, identifiers="replace")
    people.erase(account=account_queries.get(shop, "b"), by=by, at=LATER)
    undo(job, by)
    assert not Identifier.objects.filter(value="13800138000").exists()


def test_order_that_was_changed_since_stays(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(by, ORDERS, tmp_path, "orders")
    orders.refund(
        community=shop, key="o1", amount=500, refunded_at=LATER, by=by, at=LATER
    )
    done = undo(job, by)
    assert orders_of(shop) == [("o1", 10_000, 500)]
    subjects = {row.subject for row in done.remainders.all()}
    assert subjects == {"o1", "13800138001"}


@pytest.mark.both_databases
def test_joins_and_replaced_identifiers_go_back(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    run(by, "key,phone\na,13800138001\nb,13800138002\n", tmp_path, "members")
    job = run(
        by,
        "key,phone\nb,13800138001\n",
        tmp_path,
        "members",
        LATER,
        identifiers="replace",
    )
    assert people.get(shop, "b").identifiers == [("phone", "13800138001")]
    assert len(people.get(shop, "a").accounts) == 2
    undo(job, by)
    assert people.get(shop, "b").identifiers == [("phone", "13800138002")]
    assert len(people.get(shop, "a").accounts) == 1


def test_opt_outs_go_back(shop: Community, by: Staff, tmp_path: Path) -> None:
    run(by, "key\na\nb\n", tmp_path, "members")
    text = "member_key,opted_out\na,yes\nb,no\n"
    job = run(by, text, tmp_path, "opt_outs", LATER)
    assert factories.matching_keys(shop, opt_outs.RULE) == ["a"]
    undo(job, by)
    assert factories.matching_keys(shop, opt_outs.RULE) == []


def test_members_created_by_tags_and_memberships_are_removed(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    tags = run(by, "member_key,tag\nt1,VIP\n", tmp_path, "tags")
    groups = run(by, "member_key,group_key\ng1,g\n", tmp_path, "memberships")
    assert factories.matching_keys(shop, {"all": []}) == ["t1", "g1"]
    undo(tags, by)
    assert factories.matching_keys(shop, {"all": []}) == ["g1"]
    undo(groups, by)
    assert factories.matching_keys(shop, {"all": []}) == []


@pytest.mark.both_databases
def test_killed_undo_goes_on_where_it_stopped(
    shop: Community, by: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"m{n},name {n}\n" for n in range(30))
    job = run(by, "key,name\n" + rows, tmp_path, "members")
    monkeypatch.setattr(step_registry.Step, "entries_per_transaction", 10)
    undos.start(job=job, by=by, at=UNDONE_AT)

    class Killed(BaseException):
        pass

    def die(*arguments: Any, **named: Any) -> None:
        if removed:
            raise Killed
        removed.append(1)
        remove(*arguments, **named)

    removed: list[int] = []
    remove = removal.remove
    monkeypatch.setattr(removal, "remove", die)
    with pytest.raises(Killed):
        run_jobs()
    assert len(factories.matching_keys(shop, {"all": []})) == 20
    monkeypatch.setattr(removal, "remove", remove)
    run_jobs(UNDONE_AT + 2 * job_queue.LEASE)
    job.refresh_from_db()
    assert job.state == "undone"
    assert job.undo.counts["accounts"] == 30
    assert factories.matching_keys(shop, {"all": []}) == []


def test_old_imports_cannot_be_undone(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(by, "key\na\n", tmp_path, "members")
    late = AT + journal.RETENTION + timedelta(days=1)
    assert undos.may_undo(job, by=by, at=LATER)
    assert not undos.may_undo(job, by=by, at=late)
    assert journal.prune(at=late) > 0
    with pytest.raises(undos.ImportNotUndoable, match="30"):
        undos.start(job=job, by=by, at=late)


def search_everywhere(text: str, home: Path) -> list[str]:
    """The tables and files that contain a text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(text in str(cell) for row in cursor.fetchall() for cell in row):
                found.append(table)
    files = [path for path in home.rglob("*") if path.is_file()]
    return found + [str(p) for p in files if text.encode() in p.read_bytes()]


@pytest.mark.both_databases
def test_imports_forget_erased_members(
    shop: Community, by: Staff, tmp_path: Path, settings: Any
) -> None:
    settings.HOME = tmp_path / "home"
    run(by, "key,name,phone\nkey-a,旧名甲,13800138000\nb,小明,\n", tmp_path, "members")
    text = (
        "key,name,phone,joined_at\nkey-a,新名甲,13900139000,2026-01-02\n"
        "b,大明,,2026-01-02\nkey-a,新名甲,13800138000,someday\n"
    )
    changed = run(
        by, text, tmp_path, "members", LATER, mode="valid", identifiers="replace"
    )
    earlier = run(by, "member_key\nkey-a\nb\n", tmp_path, "opt_outs", LATER)
    account = account_queries.get(shop, "key-a")
    opt_outs.opt_in(community=shop, accounts=[account.pk], by=by, at=LATER, source="x")
    opt_outs.opt_out(
        community=shop, accounts=[account.pk], by=by, at=UNDONE_AT, source="x"
    )
    done = undo(earlier, by)
    assert [row.subject for row in done.remainders.all()] == ["key-a"]
    personal = ("旧名甲", "新名甲", "13800138000", "13900139000", "key-a")
    assert all(search_everywhere(each, tmp_path / "home") for each in personal[2:])
    assert search_everywhere("新名甲", tmp_path / "home")
    person = people.erase(account=account, by=by, at=LATER)
    erasure.scrub(str(person), at=LATER)
    for each in personal:
        assert search_everywhere(each, tmp_path / "home") == []
    done = undo(changed, by)
    reasons = {row.subject: row.reason for row in done.remainders.all()}
    assert reasons[""].startswith("该用户此后已被彻底删除")
    assert "a removed member" in {row.subject_label for row in done.remainders.all()}
    assert account_queries.get(shop, "b").name == "小明"
    assert Account.objects.get(pk=person).name == ""


@pytest.mark.both_databases
@pytest.mark.parametrize("name", ["f.csv", "f.xlsx", "gbk.csv"])
def test_uploaded_file_that_names_an_erased_member_is_deleted(
    shop: Community, by: Staff, tmp_path: Path, settings: Any, name: str
) -> None:
    settings.HOME = tmp_path / "home"
    run(
        by, "key,name,phone\nkey-a,欧阳小红,13800138000\nb,小明,\n", tmp_path, "members"
    )
    kept = []
    for cell in ("欧阳小红", "小明"):
        path = uploads.new_upload_path(shop)
        if name == "f.xlsx":
            with xlsxwriter.Workbook(str(path)) as book:
                sheet = book.add_worksheet()
                sheet.write_row(0, 0, ["key", "name"])
                sheet.write_row(1, 0, ["x", cell])
        else:
            encoding = "gb18030" if name == "gbk.csv" else "utf-8"
            path.write_text(f"key,name\nx,{cell}\n", encoding=encoding)
        kept.append(uploads.accept(path=path, name=name, by=by, at=AT))
    person = people.erase(account=account_queries.get(shop, "key-a"), by=by, at=LATER)
    erasure.scrub(str(person), at=LATER)
    for upload in kept:
        upload.refresh_from_db()
    assert [uploads.exists(upload) for upload in kept] == [False, True]
    assert kept[0].removed_at == LATER
    assert len(list((tmp_path / "home" / "uploads").rglob("*.head"))) == 1
