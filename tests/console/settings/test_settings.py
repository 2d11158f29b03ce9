"""V3 V12: settings are done through their pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django_otp import oath

from qunce.core import communities, permissions
from qunce.core.facts import audit
from qunce.core.staff import api_keys, sessions, staff, two_factor, units
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.tags import library
from tests.console import world

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture
def boss() -> Staff:
    shop = communities.create(key="shop", at=NOW, language="en")
    return staff_models.create(
        community=shop,
        login="boss",
        role=permissions.Role.OWNER,
        at=NOW,
        password=PASSWORD,
    )


@pytest.fixture
def desk(boss: Staff) -> Client:
    return world.browser(boss)


def page(client: Client, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200
    return str(answer.content.decode())


def hire(desk: Client, **given: Any) -> Any:
    usual = {
        "name": "Bea",
        "login": "bea",
        "role": "operator",
        "visible_members": "all",
        "visible_groups": "all",
    }
    return desk.post("/settings/staff/new/", usual | given)


def kinds(of: Staff) -> list[str]:
    names = audit.list_kinds(of.community)
    return [names[act.kind_id] for act in audit.list_entries(community=of.community)]


def test_who_is_added_gets_in_with_the_password_that_is_shown_once(
    boss: Staff, desk: Client
) -> None:
    told = hire(desk).content.decode()
    password = re.search(r"<code[^>]*>([^<]+)</code>", told)
    assert password
    bea = Staff.objects.get(login="bea")
    assert bea.check_password(password[1])
    assert bea.password_is_temporary
    assert password[1] not in page(desk, f"/settings/staff/{bea.pk}/")


def test_what_was_typed_wrong_stays_in_the_form(desk: Client) -> None:
    answer = hire(desk, login="two words", name="<b>Bea</b>")
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "&lt;b&gt;Bea&lt;/b&gt;" in told
    assert "no spaces" in told


def test_a_scope_from_a_segment_does_not_grow_with_it(
    boss: Staff, desk: Client
) -> None:
    """V3: otherwise who may change segments could let herself see more."""
    how: dict[str, Any] = {"community": boss.community, "by": boss, "at": NOW}
    for key in ("vip", "koc"):
        library.create(key=key, **how)
    inner = segments.create(key="inner", rule={"tag": {"any": ["vip"]}}, **how)
    segments.create(key="outer", rule={"segment": {"any": ["inner"]}}, **how)
    hire(desk, visible_members="segment", segment="outer")
    segments.update(segment=inner, rule={"tag": {"any": ["koc"]}}, by=boss, at=NOW)
    scope = Staff.objects.get(login="bea").scope
    assert scope == {"any": [{"any": [{"tag": {"any": ["vip"]}}]}]}


@pytest.mark.parametrize(
    "rule", ["", "{", "[]", '{"tag": {"any": ["nobody"]}}', "[" * 19_000]
)
def test_a_scope_that_cannot_be_read_is_refused(desk: Client, rule: str) -> None:
    assert hire(desk, visible_members="rule", rule=rule).status_code == 422
    assert not Staff.objects.filter(login="bea")


def test_staff_are_changed_deactivated_and_brought_back(
    boss: Staff, desk: Client
) -> None:
    hire(desk)
    bea = Staff.objects.get(login="bea")
    hers = world.browser(bea)
    where = f"/settings/staff/{bea.pk}/"
    form = {"name": "Bee", "login": "bea", "role": "viewer", "visible_members": "all"}
    assert desk.post(where, form | {"visible_groups": "selected"}).status_code == 303
    bea.refresh_from_db()
    assert (bea.name, bea.role, bea.groups) == ("Bee", "viewer", [])
    desk.post(f"{where}deactivate/")
    assert hers.get("/settings/").status_code == 302
    desk.post(f"{where}reactivate/")
    assert world.browser(bea).get("/settings/").status_code == 200
    assert kinds(boss)[:3] == ["staff.returned", "staff.left", "staff.changed"]


def test_the_last_owner_is_told_why_not(boss: Staff, desk: Client) -> None:
    desk.post(f"/settings/staff/{boss.pk}/deactivate/")
    assert "last owner" in page(desk, f"/settings/staff/{boss.pk}/")
    boss.refresh_from_db()
    assert boss.is_active


def test_a_lost_phone_and_a_lost_password(boss: Staff, desk: Client) -> None:
    hire(desk)
    bea = Staff.objects.get(login="bea")
    turn_on(bea)
    hers = world.browser(bea)
    desk.post(f"/settings/staff/{bea.pk}/two-factor/")
    assert not two_factor.is_enabled(bea)
    assert hers.get("/settings/").status_code == 302
    told = desk.post(f"/settings/staff/{bea.pk}/password/").content.decode()
    shown = re.search(r"<code[^>]*>([^<]+)</code>", told)
    bea.refresh_from_db()
    assert shown and bea.check_password(shown[1])


def turn_on(staff: Staff) -> list[str]:
    device = two_factor.pending_device(staff)
    now = datetime.now(UTC)
    totp = oath.TOTP(device.bin_key)
    totp.time = now.timestamp()
    code = f"{totp.token():06}"
    return two_factor.enable(staff=staff, code=code, at=now)


def test_a_changed_password_ends_every_other_session(boss: Staff, desk: Client) -> None:
    elsewhere = world.browser(boss)
    new = {
        "old_password": PASSWORD,
        "new_password": "quite another one",
        "repeat_password": "quite another one",
    }
    wrong = desk.post("/settings/password/", new | {"old_password": "wrong"})
    assert wrong.status_code == 422
    assert desk.post("/settings/password/", new).status_code == 303
    assert desk.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302


def test_one_session_is_ended_from_another(boss: Staff, desk: Client) -> None:
    elsewhere = world.browser(boss)
    key = elsewhere.session.session_key
    (place,) = [
        each
        for each in sessions.list_active(boss, datetime.now(UTC))
        if each.key == key
    ]
    told = page(desk, "/settings/")
    assert place.name in told
    assert str(key) not in told
    desk.post("/settings/sessions/end/", {"session": place.name})
    assert elsewhere.get("/settings/").status_code == 302
    assert desk.get("/settings/").status_code == 200


def test_nobody_ends_the_session_of_another(boss: Staff, desk: Client) -> None:
    bea = staff_models.create(community=boss.community, login="bea", at=NOW)
    hers = world.browser(bea)
    (place,) = sessions.list_active(bea, datetime.now(UTC))
    desk.post("/settings/sessions/end/", {"session": place.name})
    assert hers.get("/settings/").status_code == 200


def test_language_and_look_are_ones_own(boss: Staff, desk: Client) -> None:
    form = {"name": "Boss", "language": "zh-hans", "theme": "dark"}
    assert desk.post("/settings/", form).status_code == 303
    told = page(desk, "/settings/")
    assert 'lang="zh-CN"' in told
    assert 'data-theme="dark"' in told
    assert desk.post("/settings/", form | {"theme": "loud"}).status_code == 422


def test_two_factor_off_and_new_codes_need_a_code(boss: Staff) -> None:
    codes = turn_on(boss)
    TOTP = two_factor.get_device(boss)
    desk = world.browser(boss)
    session = desk.session
    session["otp_device_id"] = TOTP.persistent_id
    session.save()
    desk.post("/settings/two-factor/off/", {"code": "000000"})
    assert two_factor.is_enabled(boss)
    told = desk.post("/settings/two-factor/recovery-codes/", {"code": codes[0]})
    assert told.content.count(b"<li><code>") == 10
    renewed = re.findall(r"<li><code>([^<]+)", told.content.decode())
    desk.post("/settings/two-factor/off/", {"code": codes[1]})
    assert two_factor.is_enabled(boss)
    desk.post("/settings/two-factor/off/", {"code": renewed[0]})
    assert not two_factor.is_enabled(boss)


def test_a_key_is_shown_once_and_revoked(boss: Staff, desk: Client) -> None:
    form = {"name": "till", "staff": boss.pk, "days": 30, "scopes": ["orders:write"]}
    told = desk.post("/settings/api-keys/new/", form).content.decode()
    token = re.search(r"<code[^>]*>(qk_[^<]+)</code>", told)
    assert token
    key = api_keys.authenticate(token[1], datetime.now(UTC))
    assert key
    assert key.scopes == ["orders:write"]
    assert token[1] not in page(desk, "/settings/api-keys/")
    desk.post(f"/settings/api-keys/{key.pk}/revoke/")
    assert api_keys.authenticate(token[1], datetime.now(UTC)) is None


def test_units_are_opened_moved_and_closed(boss: Staff, desk: Client) -> None:
    desk.post("/settings/units/new/", {"name": "HQ", "kind": "headquarters"})
    top = units.Unit.objects.get()
    desk.post(
        "/settings/units/new/", {"name": "Lanzhou", "kind": "local", "parent": top.pk}
    )
    low = units.Unit.objects.get(name="Lanzhou")
    around = {"name": "HQ", "kind": "headquarters", "parent": low.pk}
    assert desk.post(f"/settings/units/{top.pk}/", around).status_code == 422
    desk.post(f"/settings/units/{top.pk}/close/")
    assert "has units below it" in page(desk, f"/settings/units/{top.pk}/")
    desk.post(f"/settings/units/{low.pk}/close/")
    low.refresh_from_db()
    assert low.closed_at


def test_every_permission_has_words(desk: Client) -> None:
    told = page(desk, "/settings/roles/")
    ours = [name for name in permissions.declared() if not name.startswith("tests.")]
    bare = [name for name in ours if f">{name}</th>" in told]
    assert bare == []


def test_the_audit_log_is_filtered_and_paged(boss: Staff, desk: Client) -> None:
    hire(desk)
    for number in range(60):
        units.create(
            community=boss.community, name=f"u{number}", kind="local", by=boss, at=NOW
        )
    first = page(desk, "/settings/audit-log/?kind=unit.opened")
    assert first.count("unit opened</td>") == 50
    older = re.search(r'href="(\?[^"]*before=\d+[^"]*)"', first)
    assert older
    second = page(desk, "/settings/audit-log/" + older[1].replace("&amp;", "&"))
    assert second.count("unit opened</td>") == 10
    assert "staff added" in page(
        desk, f"/settings/audit-log/?actor={boss.pk}&kind=staff.joined"
    )
    assert "No matching entries" in page(desk, "/settings/audit-log/?since=2030-01-01")


@pytest.mark.parametrize(
    "query",
    [
        "since=rubbish",
        "until=9999-12-31",
        "since=0001-01-01",
        "actor=999",
        "before=-1",
        "before=99999999999999999999",
        "kind=%00",
    ],
)
def test_a_filter_that_makes_no_sense_is_said_so(desk: Client, query: str) -> None:
    assert desk.get(f"/settings/audit-log/?{query}").status_code == 422


def test_who_sees_a_part_reads_no_audit_log(boss: Staff) -> None:
    bea = staff_models.create(
        community=boss.community, login="bea", role="manager", at=NOW, scope={"all": []}
    )
    client = world.browser(bea)
    for where in ("audit-log", "staff", "units", "api-keys"):
        assert client.get(f"/settings/{where}/").status_code == 403


def test_two_factor_can_be_required_of_all(boss: Staff, desk: Client) -> None:
    desk.post("/settings/staff/two-factor/", {"required": "1"})
    boss.community.refresh_from_db()
    assert boss.community.two_factor_required
    assert desk.get("/settings/").status_code == 302
    assert kinds(boss)[0] == "staff.two_factor_required"


def test_a_hired_hand_cannot_reach_the_owner(boss: Staff, desk: Client) -> None:
    hire(desk, role="manager")
    client = world.browser(Staff.objects.get(login="bea"))
    for deed in ("password", "two-factor", "sessions", "deactivate"):
        answer = client.post(f"/settings/staff/{boss.pk}/{deed}/")
        assert answer.status_code == 403, deed
    assert staff.get(boss, boss.pk).check_password(PASSWORD)
