"""K12: files are imported through the API, from the upload to the report and its undo."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from qunce import schedule
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.importing import target_registry
from qunce.importing.jobs import jobs
from qunce.sales.models import Order
from tests import factories
from tests.clients import ROOT, ApiClient, Response, create_client

MEMBERS = "key,name,level\na,小红,金\nb,小明,银\n"


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def send(api: ApiClient, content: str | bytes, name: str = "会员.csv") -> Response:
    body = content if isinstance(content, bytes) else content.encode()
    boundary = "----qunce"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file";'
        f' filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    )
    data = head.encode() + body + f"\r\n--{boundary}--\r\n".encode()
    return api.send_form("/imports/files", data, boundary)


def run_jobs() -> None:
    only = {name: schedule.SCHEDULE[name] for name in (jobs.JOB, jobs.UNDO_JOB)}
    while scheduler.run_due(only, clock=lambda: datetime.now(UTC)):
        pass


def everybody(shop: Community) -> list[str]:
    return factories.matching_keys(shop, {"all": []}, datetime.now(UTC))


@pytest.mark.both_databases
def test_file_is_uploaded_planned_imported_and_undone(
    shop: Community, api: ApiClient
) -> None:
    file = send(api, MEMBERS).body
    assert (file["name"], file["plan"]["target"]) == ("会员.csv", "members")
    columns = {each["heading"]: each["field"] for each in file["plan"]["columns"]}
    assert columns == {"key": "key", "name": "name", "level": "attr:level"}
    assert file["plan"]["rows"][0]["name"] == "小红"
    assert file["plan"]["columns"][1]["samples"] == ["小红", "小明"]
    assert file["plan"]["container"]["info"]["encoding"] == "utf-8"
    path = f"/imports/files/{file['id']}"
    changed = api.patch(path, {"mapping": {"level": ""}}).body["plan"]
    assert changed["options"]["mapping"]["level"] == ""
    assert [row["id"] for row in api.list_all("/imports/files", 1)] == [file["id"]]
    started = api.post(f"{path}/import").body
    assert (started["state"], started["file_id"]) == ("waiting", file["id"])
    run_jobs()
    one = f"/imports/{started['id']}"
    report = api.get(one).body
    assert (report["state"], report["rows_read"], report["rows_broken"]) == (
        "done",
        2,
        0,
    )
    assert report["counts"]["members"] == 2
    assert [row["id"] for row in api.list_all("/imports?state=done", 1)] == [
        report["id"]
    ]
    assert everybody(shop) == ["a", "b"]
    assert api.post(f"{one}/undo").body["state"] == "undoing"
    run_jobs()
    undone = api.get(one).body
    assert undone["state"] == "undone"
    assert undone["undo"]["counts"]["accounts"] == 2
    assert api.get(f"{one}/undo/remainders").body["items"] == []
    assert everybody(shop) == []
    again = api.post(f"{one}/undo")
    assert (again.status, again.kind) == (409, "wrong-state")


def test_broken_rows_are_listed_and_downloaded(api: ApiClient) -> None:
    file = send(api, "key,joined_at\na,2026-01-02\nb,昨天\nc,前天\n").body
    assert [row["row"] for row in file["plan"]["problems"]] == [3, 4]
    path = f"/imports/files/{file['id']}"
    job = api.post(f"{path}/import").body
    run_jobs()
    one = f"/imports/{job['id']}"
    report = api.get(one).body
    assert (report["state"], report["rows_broken"]) == ("rejected", 2)
    rows = api.list_all(f"{one}/problems", 1)
    assert [(row["row"], row["value"]) for row in rows] == [(3, "昨天"), (4, "前天")]
    response = api.client.get(
        f"{ROOT}{one}/problems.csv", HTTP_AUTHORIZATION=f"Bearer {api.token}"
    )
    text = b"".join(response).decode("utf-8-sig")
    assert "昨天" in text
    assert "前天" in text
    assert api.patch(path, {"mode": "valid"}).status == 200
    job = api.post(f"{path}/import").body
    run_jobs()
    report = api.get(f"/imports/{job['id']}").body
    assert (report["state"], report["counts"]["members"]) == ("done", 1)


def test_import_is_cancelled_and_resumed(shop: Community, api: ApiClient) -> None:
    file = send(api, MEMBERS).body
    job = api.post(f"/imports/files/{file['id']}/import").body
    one = f"/imports/{job['id']}"
    assert api.post(f"{one}/cancel").body["state"] == "cancelled"
    run_jobs()
    assert everybody(shop) == []
    assert api.post(f"{one}/resume").body["state"] == "waiting"
    run_jobs()
    assert api.get(one).body["state"] == "done"
    refused = api.post(f"{one}/cancel")
    assert (refused.status, refused.kind) == (409, "wrong-state")


def test_mapping_mistakes_are_shown_and_refuse_the_start(api: ApiClient) -> None:
    file = send(api, "x,y\n1,2\n").body
    path = f"/imports/files/{file['id']}"
    plan = api.patch(path, {"target": "orders"}).body["plan"]
    assert plan["mistakes"]
    refused = api.post(f"{path}/import")
    assert (refused.status, refused.kind) == (422, "invalid-mapping")
    unknown = api.patch(path, {"mapping": {"no such": "key"}})
    assert (unknown.status, unknown.kind) == (422, "invalid-mapping")


@pytest.mark.parametrize(
    "wrong",
    [{"target": "songs"}, {"mode": "some"}, {"currency": "yuan"}, {"colour": "red"}],
)
def test_invalid_options_are_rejected(api: ApiClient, wrong: dict[str, Any]) -> None:
    path = f"/imports/files/{send(api, MEMBERS).body['id']}"
    assert api.patch(path, wrong).status == 422
    assert api.patch(path, {"mode": "valid"}).status == 200


def test_unreadable_and_missing_files_are_rejected(
    api: ApiClient, settings: Settings, home: Path
) -> None:
    wrong = send(api, b"\x00\x01\x02" * 9)
    assert (wrong.status, wrong.kind) == (422, "unreadable-file")
    assert (send(api, b"").status, send(api, b"").kind) == (422, "no-file")
    assert api.post("/imports/files").kind == "no-file"
    settings.MAX_UPLOAD_BYTES = 10
    large = send(api, MEMBERS)
    assert (large.status, large.kind) == (422, "file-too-large")
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


def test_discarded_file_is_gone(api: ApiClient) -> None:
    path = f"/imports/files/{send(api, MEMBERS).body['id']}"
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


def test_only_staff_who_may_import_use_it(shop: Community, api: ApiClient) -> None:
    file = send(api, MEMBERS).body
    job = api.post(f"/imports/files/{file['id']}/import").body
    paths = ["/imports", "/imports/files", f"/imports/{job['id']}"]
    for other in (
        create_client(shop, "operator"),
        create_client(shop, "manager", scope={"all": []}),
        create_client(shop, scopes=["members:read", "members:write"]),
    ):
        assert send(other, MEMBERS).status == 403
        assert [other.get(path).status for path in paths] == [403] * 3
        assert other.post(f"/imports/{job['id']}/cancel").status == 403
    assert [api.get(path).status for path in paths] == [200] * 3


def test_files_of_another_community_are_not_found(api: ApiClient) -> None:
    other = create_client(factories.community(key="other"))
    file = send(other, MEMBERS).body
    job = other.post(f"/imports/files/{file['id']}/import").body
    assert other.get(f"/imports/{job['id']}").status == 200
    assert api.get(f"/imports/files/{file['id']}").status == 404
    assert api.get(f"/imports/{job['id']}").status == 404
    assert api.post(f"/imports/{job['id']}/undo").status == 404


def test_open_question_refuses_the_start_until_it_is_answered(
    shop: Community, api: ApiClient
) -> None:
    file = send(api, "key,seen\na,3/5/2026\nb,4/6/2026\n").body
    path = f"/imports/files/{file['id']}"
    (question,) = [q for q in file["plan"]["questions"] if q["key"] == "dates:seen"]
    assert question["is_open"]
    samples = {each["value"]: each["sample"] for each in question["choices"]}
    assert "2026-05-03" in samples["dmy"]
    assert "2026-03-05" in samples["mdy"]
    refused = api.post(f"{path}/import")
    assert (refused.status, refused.kind) == (422, "answer-needed")
    (error,) = refused.body["errors"]
    assert error["path"] == "answers.dates:seen"
    assert "2026-05-03" in error["detail"]
    wrong = api.patch(path, {"answers": {"dates:seen": "never"}})
    assert (wrong.status, wrong.kind) == (422, "invalid-answer")
    assert api.get(path).body["plan"]["options"]["answers"] == {}
    answered = api.patch(path, {"answers": {"dates:seen": "dmy"}}).body["plan"]
    assert answered["rows"][0]["attr:seen"] == "2026-05-03"
    assert api.post(f"{path}/import").status == 200
    run_jobs()
    assert everybody(shop) == ["a", "b"]
    # The answer is kept for the next file of the source.
    again = send(api, "key,seen\nc,1/2/2026\nd,2/3/2026\n").body["plan"]
    (kept,) = [q for q in again["questions"] if q["key"] == "dates:seen"]
    assert (kept["answer"], kept["is_open"]) == ("dmy", False)


def test_unknown_members_are_counted_and_left_out(
    shop: Community, api: ApiClient
) -> None:
    factories.member(shop, "a")
    file = send(api, "member_key,tag\na,VIP\nb,VIP\nc,VIP\n").body
    path = f"/imports/files/{file['id']}"
    questions = {each["key"]: each for each in file["plan"]["questions"]}
    assert "2" in questions["unknown_members"]["text"]
    assert questions["unknown_members"]["suggestion"] == "create"
    api.patch(path, {"answers": {"unknown_members": "leave"}})
    job = api.post(f"{path}/import").body
    run_jobs()
    counts = api.get(f"/imports/{job['id']}").body["counts"]
    assert (counts["changed"], counts["skipped"]) == (1, 2)
    assert everybody(shop) == ["a"]


def test_unusual_times_of_facts_are_accepted_by_choice(
    shop: Community, api: ApiClient
) -> None:
    factories.member(shop, "a")
    text = "member_key,kind,happened_at\na,shop.visited,1998-03-05 10:00\n"
    file = send(api, text).body
    path = f"/imports/files/{file['id']}"
    plan = api.patch(path, {"target": "facts"}).body["plan"]
    assert [problem["row"] for problem in plan["problems"]] == [2]
    plan = api.patch(path, {"allow_old_times": True}).body["plan"]
    assert (plan["problems"], plan["options"]["allow_old_times"]) == ([], True)


FILES = {
    "members": ("key,name\na,小红\n", "members:write"),
    "tags": ("member_key,tag\na,VIP\n", "tags:write"),
    "memberships": ("group_key,member_key\ng1,a\n", "groups:write"),
    "orders": (
        "order_key,member_key,paid_at,amount\no1,a,2026-01-02,5\n",
        "orders:write",
    ),
    "facts": ("kind,member_key,happened_at\npage.viewed,a,2026-01-02\n", "facts:write"),
    "messages": (
        "group_key,member_key,happened_at,text\ng1,a,2026-01-02 10:00,hello\n",
        "facts:write",
    ),
    "opt_outs": ("member_key,opted_out\na,yes\n", "members:write"),
    "points": ("member_key,points\na,12\n", "activities:write"),
}


@pytest.mark.parametrize("target", FILES)
def test_key_needs_the_scope_of_what_the_file_writes(
    shop: Community, api: ApiClient, target: str
) -> None:
    text, scope = FILES[target]
    others = {scope for _text, scope in FILES.values()} - {scope}
    basic = ["imports:read", "imports:write"]
    lacking = create_client(shop, scopes=[*basic, *others])
    path = f"/imports/files/{send(lacking, text).body['id']}"
    assert lacking.patch(path, {"target": target}).status == 200
    refused = lacking.post(f"{path}/import")
    assert (refused.status, refused.kind) == (403, "missing-scope")
    assert scope in refused.body["detail"]
    assert api.get("/imports").body["items"] == []
    enough = create_client(shop, scopes=list({*basic, scope, "members:write"}))
    job = enough.post(f"{path}/import").body
    one = f"/imports/{job['id']}"
    assert enough.post(f"{one}/cancel").status == 200
    assert lacking.post(f"{one}/resume").kind == "missing-scope"
    assert enough.post(f"{one}/resume").status == 200
    run_jobs()
    assert api.get(one).body["state"] == "done"
    assert everybody(shop) == ["a"]
    if target != "facts":
        assert lacking.post(f"{one}/undo").kind == "missing-scope"
        assert enough.post(f"{one}/undo").status == 200


def test_members_are_created_only_with_their_scope(shop: Community) -> None:
    factories.member(shop, "a")
    client = create_client(shop, scopes=["imports:read", "imports:write", "tags:write"])
    file = send(client, "member_key,tag\na,VIP\nb,VIP\n").body
    path = f"/imports/files/{file['id']}"
    refused = client.post(f"{path}/import")
    assert (refused.status, refused.kind) == (403, "missing-scope")
    assert "members:write" in refused.body["detail"]
    client.patch(path, {"unknown_members": "leave"})
    assert client.post(f"{path}/import").status == 200
    run_jobs()
    assert everybody(shop) == ["a"]


def test_every_target_is_listed_with_its_scope() -> None:
    assert sorted(FILES) == target_registry.list_keys()
    for key, (_text, scope) in FILES.items():
        access = target_registry.get(key).access
        assert access.scope == scope
        assert access.permission in permissions.declared()


def test_tags_and_groups_in_a_file_of_members_need_their_scopes(
    shop: Community,
) -> None:
    basic = ["imports:read", "imports:write", "members:write"]
    client = create_client(shop, scopes=basic)
    file = send(client, "key,tags,groups\na,VIP,g1\n").body
    path = f"/imports/files/{file['id']}"
    assert client.post(f"{path}/import").kind == "missing-scope"
    assert client.patch(path, {"mapping": {"tags": ""}}).status == 200
    assert client.post(f"{path}/import").kind == "missing-scope"
    assert client.patch(path, {"mapping": {"groups": ""}}).status == 200
    assert client.post(f"{path}/import").status == 200


def test_facts_with_an_effect_need_its_scope_in_files_too(shop: Community) -> None:
    basic = ["imports:read", "imports:write", "members:write", "facts:write"]
    text = (
        "kind,member_key,happened_at,payload\npage.viewed,a,2026-01-02,\n"
        'order.paid,a,2026-01-02,"{""order"": ""o1"", ""amount"": 5}"\n'
    )
    for scopes, orders in ((basic, 0), ([*basic, "orders:write"], 1)):
        client = create_client(shop, scopes=scopes)
        path = f"/imports/files/{send(client, text).body['id']}"
        client.patch(path, {"mode": "valid"})
        job = client.post(f"{path}/import").body
        run_jobs()
        report = client.get(f"/imports/{job['id']}").body
        assert (report["state"], report["rows_broken"]) == ("done", 1 - orders)
        assert Order.objects.count() == orders
