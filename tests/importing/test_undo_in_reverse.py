"""Imports that are undone in reverse order leave nothing that later imports could see."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from qunce import ingest, schedule
from qunce.console.importing import presenters
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.core.jobs import scheduler
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership, Stay
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs, join_report
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import ImportOptions
from qunce.importing.undo import undos
from qunce.importing.undo.undos import ImportUndo
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import MemberLeft, MemberRejoined
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.members.tags.models import Tagging
from qunce.outreach import opt_outs
from qunce.outreach.opt_outs import MemberOptedIn, MemberOptedOut, OptOut
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser
from tests.factories import AT
from tests.importing import helpers
from tests.importing.random_files import BASE, KINDS, File
from tests.shares import IS_EXACT, some_on_both_databases

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
ONCE_WRONG = {25, 84, 95, 300, 600}
SEEDS = sorted({*range(200 if IS_EXACT else 5), *ONCE_WRONG})
"""Each of five kinds of files comes first for one seed of five."""
REAL_KINDS = [
    GroupJoined.kind,
    GroupLeft.kind,
    MemberLeft.kind,
    MemberRejoined.kind,
    MemberOptedIn.kind,
    MemberOptedOut.kind,
    "order.paid",
    "order.refunded",
    "order.amended",
]
"""Facts that say something about the member, whoever has recorded them."""


def run(community: Community, by: Staff, file: File, folder: Path, hours: int) -> Any:
    path = helpers.write(folder, file.text)
    plan = pipeline.plan(
        community=community,
        source=sources.inspect(path),
        options=ImportOptions(target=file.target, **file.options),
        by=by,
        at=AT + hours * HOUR,
    )
    return pipeline.run(plan).job


def undo(job: ImportJob, by: Staff, hours: int) -> ImportUndo:
    job.refresh_from_db()
    at = AT + hours * HOUR
    undos.start(job=job, by=by, at=at)
    only = {jobs.UNDO_JOB: schedule.SCHEDULE[jobs.UNDO_JOB]}
    while scheduler.run_due(only, clock=lambda: at):
        pass
    found = undos.find(job)
    assert found is not None
    assert found.finished_at == at
    return found


# What is stored, without ids


def dump(community: Community) -> list[str]:
    """Everything stored about the members of a community, one line per row."""
    return [
        f"{table} {re.sub(r'import [0-9]+', 'import', row)}"
        for table, rows in list_tables(community).items()
        for row in rows
    ]


def list_tables(community: Community) -> dict[str, list[str]]:
    own = Account.objects.filter(community=community, erased_at=None)
    keys = dict(own.values_list("pk", "key"))
    group_keys = dict(
        Group.objects.filter(community=community).values_list("pk", "key")
    )
    people = account_queries.accounts_by_person(keys)

    def rows(query: Any, *names: str) -> list[str]:
        found = query.filter(account_id__in=keys).values_list("account_id", *names)
        return sorted(str((keys[pk], *values)) for pk, *values in found)

    stays = Stay.objects.all()
    held = Membership.objects.exclude(present=False, left_at=None)
    optional = ("number", "text", "set_at", "source")
    return {
        "accounts": sorted(
            str(row)
            for row in own.values_list(
                "key", "name", "joined_at", "left_at", "rejoined_at", "present"
            )
        ),
        "people": sorted(
            str(sorted(keys[pk] for pk in ids)) for ids in people.values()
        ),
        "identifiers": rows(Identifier.objects.all(), "kind", "value"),
        "taggings": rows(
            Tagging.objects.filter(present=True),
            *("tag__key", "weight", "tagged_at", "source", "expires_at"),
        ),
        "memberships": rows(
            held, "group__key", "present", "role", "joined_at", "left_at"
        ),
        "stays": rows(stays, "group__key", "role", "joined_at", "left_at"),
        "values": rows(
            AttributeValue.objects.filter(present=True),
            *("attribute__name", "item", *optional),
        ),
        "past values": rows(PastValue.objects.all(), *optional, "ended_at"),
        "opt-outs": rows(
            OptOut.objects.exclude(present=False, source=""),
            *("present", "set_at", "source"),
        ),
        "orders": sorted(
            str((keys.get(account or 0), *values))
            for account, *values in Order.objects.filter(
                community_id=community.pk
            ).values_list(
                *("account_id", "key", "paid_at", "amount", "currency", "items"),
                *("details", "refunds", "refunded_at", "refunded_amount"),
            )
        ),
        "facts": list_facts(community, keys, group_keys),
    }


def list_facts(
    community: Community, keys: dict[int, str], group_keys: dict[int, str]
) -> list[str]:
    found = Fact.objects.filter(
        community_id=community.pk,
        kind_id__in=kind_ids(REAL_KINDS),
        account_id__in=keys,
    ).values_list("account_id", "kind_id", "group_id", "happened_at", "payload")
    return sorted(
        str((keys[account or 0], kind, group_keys.get(group or 0), *rest))
        for account, kind, group, *rest in found
    )


def kind_ids(kinds: list[str]) -> list[int]:
    return [number for kind in kinds if (number := facts.find_kind(kind))]


def differences(expected: list[str], actual: list[str]) -> list[str]:
    missing = [f"- {line}" for line in expected if line not in actual]
    return missing + [f"+ {line}" for line in actual if line not in expected]


# Random files


@pytest.mark.parametrize("seed", some_on_both_databases(SEEDS, 3))
def test_imports_after_undos_in_reverse_order_give_what_they_give_without(
    seed: int, shop: Community, by: Staff, tmp_path: Path
) -> None:
    r = random.Random(seed)  # noqa: S311 - files of a test
    make = KINDS[seed % len(KINDS)]
    first, second = make(r), r.choice([make, *KINDS])(r)
    other = factories.community("other")
    other_by = staff_models.system(other)
    for community, actor in ((shop, by), (other, other_by)):
        for hour, file in enumerate(BASE):
            run(community, actor, file, tmp_path, hour)
    before = dump(shop)
    a = run(shop, by, first, tmp_path, 11)
    b = run(shop, by, second, tmp_path, 12)
    kept = [
        f"{row.subject}: {row.reason}"
        for job, hour in ((b, 13), (a, 14))
        if undos.may_undo(job, by=by, at=AT)
        for row in undo(job, by, hour).remainders.all()
    ]
    context = f"{first.text}\n{second.text}"
    assert kept == [], context
    assert differences(before, dump(shop)) == [], context
    for community, actor in ((shop, by), (other, other_by)):
        run(community, actor, first, tmp_path, 21)
        run(community, actor, second, tmp_path, 22)
    assert differences(dump(other), dump(shop)) == [], context


# Single kinds of traces


LISTED = File("memberships", "member_key,group_key,joined_at\na,g,2026-01-02\n")


def test_group_of_a_member_who_stays_is_there_again_after_the_same_file(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(shop, by, LISTED, tmp_path, 1)
    # So that the undo does not remove them.
    accounts.update(
        account=account_queries.get(shop, "a"), name="甲", by=by, at=AT + 2 * HOUR
    )
    assert undo(job, by, 3).remainder_count == 1
    deriver.catch_up()
    left = {"did": {"kind": GroupLeft.kind, "times": {"gte": 1}}}
    joined = {"did": {"kind": GroupJoined.kind, "times": {"gte": 1}}}
    group = {"group": {"any": ["g"]}}
    for rule in (left, joined, group):
        assert factories.matching_keys(shop, rule) == []
    assert factories.matching_keys(shop, {"all": []}) == ["a"]
    run(shop, by, LISTED, tmp_path, 4)
    deriver.catch_up()
    assert factories.matching_keys(shop, group) == ["a"]
    assert factories.matching_keys(shop, joined) == ["a"]
    assert factories.matching_keys(shop, left) == []


def report(by: Staff, kind: str, hours: int, **fields: Any) -> None:
    happened_at = AT + hours * HOUR
    fact = IncomingFact(kind=kind, member="a", happened_at=happened_at, **fields)
    at = AT + 20 * HOUR
    ingest.record_facts(community=by.community, incoming=[fact], by=by, at=at)


@pytest.mark.both_databases
def test_undone_membership_is_no_former_one(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    account = factories.member(shop, "a").pk
    undo(run(shop, by, LISTED, tmp_path, 1), by, 2)
    group = groups.get(shop, "g")
    with pytest.raises(memberships.MembershipNotFound):
        memberships.add_again(group=group, account=account, by=by, at=AT + 3 * HOUR)
    groups.add_members(group=group, accounts=[account], by=by, at=AT + 4 * HOUR)
    assert not Stay.objects.exists()
    assert Membership.objects.get().present


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("kind", "members"), [("group.joined", ["a"]), ("group.left", [])]
)
def test_reports_after_an_undone_membership_count_as_the_first(
    shop: Community, by: Staff, tmp_path: Path, kind: str, members: list[str]
) -> None:
    factories.member(shop, "a")
    undo(run(shop, by, LISTED, tmp_path, 11), by, 12)
    # They happened before the undo.
    report(by, kind, 3, group="g")
    assert factories.matching_keys(shop, {"group": {"any": ["g"]}}) == members
    row = Membership.objects.get()
    assert row.joined_at == AT + 3 * HOUR
    assert row.left_at == (None if members else row.joined_at)


@pytest.mark.both_databases
def test_stay_before_the_import_is_kept_with_a_membership_changed_since(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    before = "member_key,group_key,joined_at,left_at\na,g,2026-01-02,2026-01-10\n"
    run(shop, by, File("memberships", before), tmp_path, 1)
    again = "member_key,group_key,joined_at\na,g,2026-02-01\n"
    job = run(shop, by, File("memberships", again), tmp_path, 2)
    account = account_queries.get(shop, "a").pk
    group = groups.get(shop, "g")
    groups.remove_members(group=group, accounts=[account], by=by, at=AT + 3 * HOUR)
    assert undo(job, by, 4).remainder_count == 1
    assert Stay.objects.get().left_at == AT.replace(month=1, day=9, hour=16)


@pytest.mark.both_databases
def test_member_whom_a_file_had_leave_has_not_come_back(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    run(shop, by, File("members", "key,joined_at\na,2026-01-02\n"), tmp_path, 1)
    job = run(shop, by, File("members", "key,left_at\na,2026-02-01\n"), tmp_path, 2)
    kinds = [MemberLeft.kind, MemberRejoined.kind]
    recorded = Fact.objects.filter(kind_id__in=kind_ids(kinds))
    assert recorded.count() == 1
    undo(job, by, 3)
    assert account_queries.get(shop, "a").present
    assert not Fact.objects.filter(kind_id__in=kind_ids(kinds)).exists()


OPTED_OUT = File("opt_outs", "member_key,opted_out\na,yes\n")


@pytest.mark.both_databases
def test_undone_opt_out_is_no_later_wish_to_opt_in(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    factories.member(shop, "a")
    job = run(shop, by, OPTED_OUT, tmp_path, 2)
    assert factories.matching_keys(shop, opt_outs.RULE) == ["a"]
    undo(job, by, 5)
    assert factories.matching_keys(shop, opt_outs.RULE) == []
    assert not Fact.objects.filter(kind_id__in=kind_ids([MemberOptedIn.kind])).exists()
    # It happened before the undo, and is reported afterwards.
    report(by, MemberOptedOut.kind, 3)
    assert factories.matching_keys(shop, opt_outs.RULE) == ["a"]


@pytest.mark.both_databases
def test_opt_in_before_the_import_is_known_again(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    account = factories.member(shop, "a").pk
    for hour, verb in enumerate((opt_outs.opt_out, opt_outs.opt_in)):
        verb(community=shop, accounts=[account], by=by, at=AT + hour * HOUR)
    before = OptOut.objects.values("present", "set_at", "source", "by_id").get()
    undo(run(shop, by, OPTED_OUT, tmp_path, 2), by, 5)
    after = OptOut.objects.values("present", "set_at", "source", "by_id").get()
    assert after == before


@pytest.mark.both_databases
def test_undo_leaves_the_opt_out_of_another_account_of_the_person(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    factories.members(shop, "a", "b")
    job = run(shop, by, OPTED_OUT, tmp_path, 2)
    other = account_queries.get(shop, "b").pk
    opt_outs.opt_out(community=shop, accounts=[other], by=by, at=AT + 3 * HOUR)
    factories.merge(shop, "a", "b", at=AT + 4 * HOUR)
    undo(job, by, 5)
    rows = OptOut.objects.filter(present=True)
    assert [row.account_id for row in rows] == [other]


def test_reasons_are_in_the_language_of_whoever_undoes(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    Staff.objects.filter(pk=by.pk).update(language="zh-hans")
    job = run(shop, by, File("members", "key,name\na,甲\n"), tmp_path, 1)
    accounts.update(
        account=account_queries.get(shop, "a"), name="乙", by=by, at=AT + 2 * HOUR
    )
    with translation.override("en"):
        (row,) = undo(job, by, 3).remainders.all()
    assert row.reason == "这位用户之后被使用或改动过。"


def test_join_of_members_who_were_removed_names_no_internal_key(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    file = File("members", "key,phone\nb,13800138001\n")
    job = run(shop, by, file, tmp_path, 1)
    (sentence,) = join_report.sentences(join_report.load(job, by=by))
    assert sentence == "ann and b are one person by phone number 13800138001."
    undo(job, by, 2)
    importer = factories.staff(shop, "manager", "vic")
    for reader in (by, importer):
        report = join_report.load(job, by=reader)
        assert report["joined"][0]["right"] == ""
        (sentence,) = join_report.sentences(report)
        assert sentence == (
            "ann and a removed member were one person by their phone number."
        )


@pytest.mark.both_databases
def test_page_of_an_undo_counts_what_it_does_not_list(
    shop: Community, by: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenters, "MAX_REMAINDERS_SHOWN", 2)
    job = run(shop, by, File("members", "key,name\na,1\nb,2\nc,3\nd,4\n"), tmp_path, 1)
    for account in Account.objects.all():
        accounts.update(account=account, name="x", by=by, at=AT + 2 * HOUR)
    assert undo(job, by, 3).remainder_count == 4
    url = reverse("importing:job-detail", args=[job.pk])
    Staff.objects.filter(pk=by.pk).update(language="en")
    page = browser(by).get(url).content.decode()
    assert "4 things were changed since the import" in page
    assert "2 more things stay as they are." in page


@pytest.mark.both_databases
def test_sentence_about_what_is_not_listed_is_empty_if_all_is(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    job = run(shop, by, File("members", "key,name\na,1\nb,2\n"), tmp_path, 1)
    for account in Account.objects.all():
        accounts.update(account=account, name="x", by=by, at=AT + 2 * HOUR)
    done = undo(job, by, 3)
    assert undos.describe_more(done, 2) == ""
    assert undos.describe_more(done, 1) == "1 more thing stays as it is."
