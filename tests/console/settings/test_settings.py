"""The pages of the settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django_otp import oath

from qunce.console.segments import rule_draft
from qunce.core import communities, permissions
from qunce.core.facts import audit
from qunce.core.staff import api_keys, roles, sessions, staff, two_factor, units
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.staff_in_charge import assignments
from qunce.members.tags import library
from tests import clients, factories

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
def browser(boss: Staff) -> Client:
    return clients.browser(boss)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def add_staff(browser: Client, **changes: Any) -> Any:
    data = {
        "name": "Bea",
        "login": "bea",
        "role": "operator",
        "visible_members": "all",
        "visible_groups": "all",
    }
    return browser.post("/settings/staff/new/", data | changes)


def audit_kinds(of: Staff) -> list[str]:
    names = audit.list_kinds(of.community)
    return [
        names[entry.kind_id] for entry in audit.list_entries(community=of.community)
    ]


def test_new_staff_get_a_temporary_password_shown_once(
    boss: Staff, browser: Client
) -> None:
    text = add_staff(browser).content.decode()
    password = re.search(r"<code[^>]*>([^<]+)</code>", text)
    assert password
    bea = Staff.objects.get(login="bea")
    assert bea.check_password(password[1])
    assert bea.password_is_temporary
    later = page(browser, f"/settings/staff/{bea.pk}/")
    assert "temporary, not changed yet" in later
    assert password[1] not in later


def test_rejected_staff_form_keeps_its_values(browser: Client) -> None:
    answer = add_staff(browser, login="two words", name="<b>Bea</b>")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "&lt;b&gt;Bea&lt;/b&gt;" in text
    assert "no spaces" in text


def test_scope_copies_the_rule_of_its_segment(boss: Staff, browser: Client) -> None:
    """Otherwise staff who edit segments could widen their own scope."""
    common: dict[str, Any] = {"community": boss.community, "by": boss, "at": NOW}
    for key in ("vip", "koc"):
        library.create(key=key, **common)
    inner = segments.create(key="inner", rule={"tag": {"any": ["vip"]}}, **common)
    segments.create(key="outer", rule={"segment": {"any": ["inner"]}}, **common)
    add_staff(browser, visible_members="segment", segment="outer")
    segments.update(segment=inner, rule={"tag": {"any": ["koc"]}}, by=boss, at=NOW)
    scope = Staff.objects.get(login="bea").scope
    assert scope == {"any": [{"any": [{"tag": {"any": ["vip"]}}]}]}


@pytest.mark.parametrize(
    "rule", ["", "{", "[]", '{"tag": {"any": ["nobody"]}}', "[" * 19_000]
)
def test_invalid_scope_is_rejected(browser: Client, rule: str) -> None:
    assert add_staff(browser, visible_members="rule", rule=rule).status_code == 422
    assert not Staff.objects.filter(login="bea")


def test_a_scope_is_built_and_previewed_in_the_form(
    boss: Staff, browser: Client
) -> None:
    """The buttons of the builder keep what was typed; nothing is stored before saving."""
    factories.members(boss.community, "ann", "bob")
    factories.apply_tag(boss.community, "vip", "ann")
    typed = {"name": "Bea", "login": "bea", "role": "operator"} | {
        "visible_members": "rule", "visible_groups": "all", "unit": "", "email": "",
    }  # fmt: skip
    opened = typed | {"rule": '{"all": []}', "open": "", "do": "add::tag"}
    text = browser.post("/settings/staff/new/", opened).content.decode()
    assert 'name="c-how"' in text
    assert 'value="Bea"' in text
    clause = {"open": "+:tag", "c-how": "any", "c-tags": "vip", "rule": '{"all": []}'}
    done = browser.post("/settings/staff/new/", typed | clause | {"do": "done"})
    assert re.search(r'class="value">\s*<a[^>]*>1</a>', done.content.decode())
    assert not Staff.objects.filter(login="bea")
    part = browser.post(
        "/settings/staff/new/",
        typed | clause | {"do": "done"},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert part.strip().startswith('<div id="scope-rule"')
    incomplete = typed | clause | {"c-tags": ""}
    refused = browser.post("/settings/staff/new/", incomplete)
    assert "One condition is incomplete." in refused.content.decode()
    browser.post("/settings/staff/new/", typed | clause)
    bea = Staff.objects.get(login="bea")
    assert bea.scope == {"all": [{"tag": {"any": ["vip"]}}]}
    stored = page(browser, f"/settings/staff/{bea.pk}/")
    assert "has the tag" in stored
    assert "<textarea" not in stored


def test_me_in_the_scope_of_a_colleague_is_the_colleague(
    boss: Staff, browser: Client
) -> None:
    ids = factories.members(boss.community, "ann", "bob", "cy")
    bea = factories.staff(boss.community, "operator", "bea")
    common: dict[str, Any] = {"community": boss.community, "by": boss, "at": NOW}
    assignments.assign(accounts=ids[:2], staff=bea, **common)
    assignments.assign(accounts=ids[2:], staff=boss, **common)
    form = {"name": "Bea", "role": "operator", "visible_members": "rule"} | {
        "visible_groups": "all", "unit": "", "email": "", "open": "", "do": "look",
        "rule": '{"all": [{"staff": {"me": true}}]}',
    }  # fmt: skip
    shown = browser.post(f"/settings/staff/{bea.pk}/", form).content.decode()
    assert re.search(r'class="value">\s*2\s*<', shown)
    # The member list would take the editor for “me”.
    assert "members/?rule=" not in shown
    new = browser.post("/settings/staff/new/", form | {"login": "new"})
    assert re.search(r'class="value">\s*0\s*<', new.content.decode())


def test_staff_are_updated_deactivated_and_reactivated(
    boss: Staff, browser: Client
) -> None:
    add_staff(browser)
    bea = Staff.objects.get(login="bea")
    bea_browser = clients.browser(bea)
    path = f"/settings/staff/{bea.pk}/"
    form = {"name": "Bee", "login": "bea", "role": "viewer", "visible_members": "all"}
    assert browser.post(path, form | {"visible_groups": "selected"}).status_code == 303
    bea.refresh_from_db()
    assert (bea.name, bea.role, bea.groups) == ("Bee", "viewer", [])
    browser.post(f"{path}deactivate/")
    assert bea_browser.get("/settings/").status_code == 302
    browser.post(f"{path}reactivate/")
    assert clients.browser(bea).get("/settings/").status_code == 200
    assert audit_kinds(boss)[:3] == ["staff.returned", "staff.left", "staff.changed"]


def test_last_owner_cannot_be_deactivated(boss: Staff, browser: Client) -> None:
    browser.post(f"/settings/staff/{boss.pk}/deactivate/")
    assert "last owner" in page(browser, f"/settings/staff/{boss.pk}/")
    boss.refresh_from_db()
    assert boss.is_active


def test_manager_removes_two_factor_and_resets_the_password(
    boss: Staff, browser: Client
) -> None:
    add_staff(browser)
    bea = Staff.objects.get(login="bea")
    enable_two_factor(bea)
    bea_browser = clients.browser(bea)
    browser.post(f"/settings/staff/{bea.pk}/two-factor/")
    assert not two_factor.is_enabled(bea)
    assert bea_browser.get("/settings/").status_code == 302
    text = browser.post(f"/settings/staff/{bea.pk}/password/").content.decode()
    shown = re.search(r"<code[^>]*>([^<]+)</code>", text)
    bea.refresh_from_db()
    assert shown and bea.check_password(shown[1])


def enable_two_factor(staff: Staff) -> list[str]:
    device = two_factor.pending_device(staff)
    now = datetime.now(UTC)
    totp = oath.TOTP(device.bin_key)
    totp.time = now.timestamp()
    code = f"{totp.token():06}"
    return two_factor.enable(staff=staff, code=code, at=now)


def test_password_change_ends_other_sessions(boss: Staff, browser: Client) -> None:
    elsewhere = clients.browser(boss)
    new = {
        "old_password": PASSWORD,
        "new_password": "quite another one",
        "repeat_password": "quite another one",
    }
    wrong = browser.post("/settings/password/", new | {"old_password": "wrong"})
    assert wrong.status_code == 422
    assert browser.post("/settings/password/", new).status_code == 303
    assert browser.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302


def test_session_is_ended_from_another(boss: Staff, browser: Client) -> None:
    elsewhere = clients.browser(boss)
    key = elsewhere.session.session_key
    (session,) = [
        session
        for session in sessions.list_active(boss, datetime.now(UTC))
        if session.name == sessions.digest(str(key))
    ]
    text = page(browser, "/settings/")
    assert session.name in text
    assert str(key) not in text
    browser.post("/settings/sessions/end/", {"session": session.name})
    assert elsewhere.get("/settings/").status_code == 302
    assert browser.get("/settings/").status_code == 200


def test_sessions_of_other_staff_cannot_be_ended(boss: Staff, browser: Client) -> None:
    bea = staff_models.create(community=boss.community, login="bea", at=NOW)
    bea_browser = clients.browser(bea)
    (session,) = sessions.list_active(bea, datetime.now(UTC))
    browser.post("/settings/sessions/end/", {"session": session.name})
    assert bea_browser.get("/settings/").status_code == 200


def test_language_and_theme_are_saved(boss: Staff, browser: Client) -> None:
    form = {"name": "Boss", "language": "zh-hans", "theme": "dark"}
    assert browser.post("/settings/", form).status_code == 303
    text = page(browser, "/settings/")
    assert 'lang="zh-CN"' in text
    assert 'data-theme="dark"' in text
    assert browser.post("/settings/", form | {"theme": "loud"}).status_code == 422


def test_two_factor_changes_need_a_code(boss: Staff) -> None:
    codes = enable_two_factor(boss)
    device = two_factor.get_device(boss)
    browser = clients.browser(boss)
    session = browser.session
    session["otp_device_id"] = device.persistent_id
    session.save()
    browser.post("/settings/two-factor/off/", {"code": "000000"})
    assert two_factor.is_enabled(boss)
    text = browser.post("/settings/two-factor/recovery-codes/", {"code": codes[0]})
    assert text.content.count(b"<li><code>") == 10
    renewed = re.findall(r"<li><code>([^<]+)", text.content.decode())
    browser.post("/settings/two-factor/off/", {"code": codes[1]})
    assert two_factor.is_enabled(boss)
    browser.post("/settings/two-factor/off/", {"code": renewed[0]})
    assert not two_factor.is_enabled(boss)


def test_api_key_is_shown_once_and_revoked(boss: Staff, browser: Client) -> None:
    form = {"name": "till", "staff": boss.pk, "days": 30, "scopes": ["orders:write"]}
    text = browser.post("/settings/api-keys/new/", form).content.decode()
    token = re.search(r"<code[^>]*>(qk_[^<]+)</code>", text)
    assert token
    key = api_keys.authenticate(token[1], datetime.now(UTC))
    assert key
    assert key.scopes == ["orders:write"]
    assert token[1] not in page(browser, "/settings/api-keys/")
    browser.post(f"/settings/api-keys/{key.pk}/revoke/")
    assert api_keys.authenticate(token[1], datetime.now(UTC)) is None


def test_units_are_created_moved_and_closed(boss: Staff, browser: Client) -> None:
    browser.post("/settings/units/new/", {"name": "HQ", "kind": "headquarters"})
    top = units.Unit.objects.get()
    browser.post(
        "/settings/units/new/", {"name": "Lanzhou", "kind": "local", "parent": top.pk}
    )
    low = units.Unit.objects.get(name="Lanzhou")
    circular = {"name": "HQ", "kind": "headquarters", "parent": low.pk}
    assert browser.post(f"/settings/units/{top.pk}/", circular).status_code == 422
    browser.post(f"/settings/units/{top.pk}/close/")
    assert "has units below it" in page(browser, f"/settings/units/{top.pk}/")
    browser.post(f"/settings/units/{low.pk}/close/")
    low.refresh_from_db()
    assert low.closed_at


def test_units_limit_what_their_staff_see(boss: Staff, browser: Client) -> None:
    factories.members(boss.community, "ann")
    factories.tag(boss.community, "north")
    factories.segment(boss.community, "north", {"tag": {"any": ["north"]}})
    factories.group(boss.community, "one")
    form = {
        "name": "North",
        "kind": "local",
        "visible_members": "segment",
        "segment": "north",
        "visible_groups": ["one"],
    }
    browser.post("/settings/units/new/", form)
    north = units.Unit.objects.get()
    assert north.groups == ["one"]
    path = f"/settings/units/{north.pk}/"
    text = page(browser, path)
    assert "has the tag" in text
    stored = {"visible_members": "rule", "rule": rule_draft.dump(north.scope)}
    browser.post(path, form | stored | {"name": "Up north"})
    north.refresh_from_db()
    assert north.name == "Up north"
    assert north.scope == {"any": [{"tag": {"any": ["north"]}}]}


def test_scope_of_a_unit_is_built_in_its_form(boss: Staff, browser: Client) -> None:
    factories.members(boss.community, "ann", "bob")
    factories.apply_tag(boss.community, "vip", "ann")
    factories.group(boss.community, "one")
    typed = {"name": "North", "kind": "local", "visible_members": "rule"} | {
        "visible_groups": ["one"], "rule": '{"all": []}',
    }  # fmt: skip
    clause = {"open": "+:tag", "c-how": "any", "c-tags": "vip"}
    done = browser.post("/settings/units/new/", typed | clause | {"do": "done"})
    text = done.content.decode()
    assert re.search(r'class="value">\s*<a[^>]*>1</a>', text)
    assert 'value="North"' in text
    assert re.search(r'value="one"[^>]* checked', text)
    assert not units.Unit.objects.exists()
    empty = browser.post("/settings/units/new/", typed | {"open": ""})
    assert "Add a condition first." in empty.content.decode()
    browser.post("/settings/units/new/", typed | clause)
    unit = units.Unit.objects.get()
    assert unit.scope == {"all": [{"tag": {"any": ["vip"]}}]}
    assert unit.groups == ["one"]


def test_role_is_copied_edited_given_and_deleted(boss: Staff, browser: Client) -> None:
    page(browser, "/settings/roles/new/?from=operator")
    form = {"name": "Tagger", "permissions": ["tags.apply"]}
    assert browser.post("/settings/roles/new/?from=operator", form).status_code == 303
    role = roles.CustomRole.objects.get()
    assert (role.base, role.permissions) == ("operator", ["tags.apply"])
    path = f"/settings/roles/{role.pk}/"
    assert "Tagger" in page(browser, "/settings/roles/")
    browser.post(path, form | {"permissions": ["tags.apply", "notes.write"]})
    add_staff(browser, role=f"custom:{role.pk}")
    hired = Staff.objects.get(custom_role=role)
    assert "Tagger" in page(browser, f"/settings/staff/{hired.pk}/")
    browser.post(f"{path}delete/")
    assert "Give them another one first" in page(browser, path)
    staff.update(staff=hired, role="viewer", by=boss, at=datetime.now(UTC))
    browser.post(f"{path}delete/")
    assert not roles.CustomRole.objects.exists()
    assert browser.get(path).status_code == 404


def test_every_permission_has_a_label(browser: Client) -> None:
    text = page(browser, "/settings/roles/")
    names = [name for name in permissions.declared() if not name.startswith("tests.")]
    unlabelled = [name for name in names if f">{name}</th>" in text]
    assert names
    assert unlabelled == []


def test_the_audit_log_is_filtered_and_paged(boss: Staff, browser: Client) -> None:
    add_staff(browser)
    for number in range(60):
        units.create(
            community=boss.community, name=f"u{number}", kind="local", by=boss, at=NOW
        )
    first = page(browser, "/settings/audit-log/?kind=unit.opened")
    assert first.count("unit opened</td>") == 50
    older = re.search(r'href="(\?[^"]*before=\d+[^"]*)"', first)
    assert older
    second = page(browser, "/settings/audit-log/" + older[1].replace("&amp;", "&"))
    assert second.count("unit opened</td>") == 10
    assert "staff added" in page(
        browser, f"/settings/audit-log/?actor={boss.pk}&kind=staff.joined"
    )
    assert "No matching entries" in page(
        browser, "/settings/audit-log/?since=2030-01-01"
    )


@pytest.mark.parametrize(
    "query",
    [
        "since=rubbish",
        "until=9999-12-31",
        "since=0001-01-01",
        "actor=999",
        "before=-1",
        "before=99999999999999999999",
        "kind=a%00",
    ],
)
def test_invalid_audit_filter_is_rejected(browser: Client, query: str) -> None:
    assert browser.get(f"/settings/audit-log/?{query}").status_code == 422


def test_scoped_staff_cannot_open_the_audit_log(boss: Staff) -> None:
    bea = staff_models.create(
        community=boss.community, login="bea", role="manager", at=NOW, scope={"all": []}
    )
    client = clients.browser(bea)
    assert client.get("/settings/roles/").status_code == 200
    for path in ("audit-log", "staff", "units", "api-keys"):
        assert client.get(f"/settings/{path}/").status_code == 403


def test_two_factor_can_be_required_of_all(boss: Staff, browser: Client) -> None:
    browser.post("/settings/staff/two-factor/", {"required": "1"})
    boss.community.refresh_from_db()
    assert boss.community.two_factor_required
    assert browser.get("/settings/").status_code == 302
    assert audit_kinds(boss)[0] == "staff.two_factor_required"


def test_manager_cannot_change_an_owner(boss: Staff, browser: Client) -> None:
    add_staff(browser, role="manager")
    client = clients.browser(Staff.objects.get(login="bea"))
    for action in ("password", "two-factor", "sessions", "deactivate"):
        answer = client.post(f"/settings/staff/{boss.pk}/{action}/")
        assert answer.status_code == 403, action
    assert staff.get(boss, boss.pk).check_password(PASSWORD)
