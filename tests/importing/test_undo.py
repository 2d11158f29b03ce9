"""K12: an import is undone, except for what was changed since."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qunce import schedule
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff.models import Staff
from qunce.groups.groups import Membership
from qunce.importing import jobs, pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import ImportJob
from qunce.importing.options import ImportOptions
from qunce.importing.undo import undos
from qunce.importing.undo.undos import ImportUndo
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from tests import factories
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = pytest.mark.both_databases
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
    assert (done.counts["accounts"], done.kept) == (1, 1)
    assert account_queries.get(shop, "a").name == "红"
    assert not account_queries.find(shop, ["b"])
    assert [row.subject for row in done.remainders.all()] == ["a"]


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
    assert done.kept == 0


def test_memberships_go_back_to_their_former_state(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    first = "member_key,group_key,joined_at\na,g,2026-01-02\nb,g,2026-01-02\n"
    run(by, first, tmp_path, "memberships")
    second = (
        "member_key,group_key,joined_at,left_at,role\n"
        "a,g,2026-01-02,2026-02-01,member\nb,g,2026-01-02,,owner\nc,g,2026-01-05,,\n"
    )
    job = run(by, second, tmp_path, "memberships", LATER)
    assert factories.matching_keys(shop, {"group": {"any": ["g"]}}) == ["b", "c"]
    undo(job, by)
    assert factories.matching_keys(shop, {"group": {"any": ["g"]}}) == ["a", "b"]
    roles = Membership.objects.filter(present=True).values_list("role", flat=True)
    assert set(roles) == {"member"}


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
