"""Signing in with password and two-factor, its limits, sessions and audit entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django_otp import oath

from qunce.core import communities, permissions
from qunce.core.facts import audit
from qunce.core.staff import login_attempts, sessions, staff, two_factor
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
ACCOUNT = "/settings/"


@pytest.fixture
def ann() -> Staff:
    now = datetime.now(UTC)
    shop = communities.create(key="shop", at=now, language="en")
    return staff_models.create(
        community=shop,
        login="ann",
        role=permissions.Role.OWNER,
        at=now,
        password=PASSWORD,
    )


@pytest.fixture
def browser() -> Client:
    return Client(headers={"user-agent": "Tester/1.0", "accept-language": "en"})


def sign_in(
    browser: Client, password: str = PASSWORD, login: str = "ann", **options: Any
) -> Any:
    data = {"login": login, "password": password}
    return browser.post("/sign-in/", data, **options)


def is_signed_in(browser: Client) -> bool:
    return browser.get(ACCOUNT).status_code == 200


def current_code(device: two_factor.AuthenticatorApp) -> str:
    totp = oath.TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = datetime.now(UTC).timestamp()
    return f"{totp.token():06}"


def enable_two_factor(ann: Staff) -> list[str]:
    """Turn two-factor on, and return the recovery codes."""
    device = two_factor.pending_device(ann)
    now = datetime.now(UTC)
    codes = two_factor.enable(staff=ann, code=current_code(device), at=now)
    two_factor.AuthenticatorApp.objects.update(
        last_t=-1
    )  # so that the current code is accepted once more
    return codes


def test_sign_in_returns_to_the_requested_page(browser: Client, ann: Staff) -> None:
    redirect = browser.get(ACCOUNT)
    assert redirect.status_code == 302
    assert redirect["Location"] == f"/sign-in/?next={ACCOUNT}"
    data = {"login": "ann", "password": PASSWORD}
    response = browser.post(redirect["Location"], data)
    assert (response.status_code, response["Location"]) == (303, ACCOUNT)
    assert is_signed_in(browser)


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example", "javascript:alert(1)", r"/\evil"]
)
def test_sign_in_never_redirects_to_another_site(
    browser: Client, ann: Staff, url: str
) -> None:
    answer = sign_in(browser, query_params={"next": url})
    assert answer.status_code == 303
    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    ("login", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ANN", PASSWORD)]
)
def test_wrong_login_and_wrong_password_give_the_same_error(
    browser: Client, ann: Staff, login: str, password: str
) -> None:
    answer = sign_in(browser, password, login)
    assert answer.status_code == 422
    assert "Incorrect login or password." in answer.content.decode()
    assert not is_signed_in(browser)


def test_deactivated_staff_cannot_sign_in(browser: Client, ann: Staff) -> None:
    assert sign_in(browser).status_code == 303
    Staff.objects.update(is_active=False)
    assert sign_in(Client()).status_code == 422


def test_system_user_cannot_sign_in(browser: Client, ann: Staff) -> None:
    system = staff_models.system(ann.community)
    assert sign_in(browser, "!", system.login).status_code == 422


def test_failed_attempts_delay_even_the_right_password(
    browser: Client, ann: Staff
) -> None:
    for _time in range(5):
        assert sign_in(browser, "wrong").status_code == 422
    refused = sign_in(browser)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 5
    login_attempts.unlock("ann")
    assert sign_in(browser).status_code == 303


def test_strangers_lock_nobody_out_of_a_known_device(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    browser.post("/sign-out/")
    for number in range(20):
        sign_in(Client(), "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    assert sign_in(Client(), REMOTE_ADDR="192.0.2.99").status_code == 429
    assert sign_in(browser).status_code == 303
    # The device has a limit of its own.
    browser.post("/sign-out/")
    for _time in range(5):
        assert sign_in(browser, "wrong").status_code == 422
    assert sign_in(browser).status_code == 429


def test_changed_device_cookie_is_ignored(browser: Client, ann: Staff) -> None:
    sign_in(browser)
    browser.post("/sign-out/")
    browser.cookies["qunce_device"] = browser.cookies["qunce_device"].value + "x"
    for _time in range(13):
        login_attempts.start(("login", "ann"), at=datetime.now(UTC))
    assert sign_in(browser).status_code == 429


def test_many_people_behind_one_address_sign_in(browser: Client, ann: Staff) -> None:
    for _time in range(45):
        assert sign_in(Client()).status_code == 303


def test_form_keeps_the_login_but_not_the_password(browser: Client, ann: Staff) -> None:
    page = sign_in(browser, "wrong-secret").content.decode()
    assert 'value="ann"' in page
    assert "wrong-secret" not in page


def test_hostile_input_is_rejected(browser: Client, ann: Staff) -> None:
    for text in ("a\0b", "x" * 10_000, "<img src=x onerror=alert(1)>", "\u202eann"):
        answer = sign_in(browser, login=text)
        assert answer.status_code in (422, 429)
        assert b"<img src=x" not in answer.content


def test_sign_in_creates_a_new_session(browser: Client, ann: Staff) -> None:
    browser.get("/sign-in/")
    session = browser.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    sign_in(browser)
    assert browser.session.session_key != before
    assert "planted" not in browser.session


def test_two_factor_requires_a_code_after_the_password(
    browser: Client, ann: Staff
) -> None:
    enable_two_factor(ann)
    assert sign_in(browser)["Location"] == "/sign-in/code/"
    assert not is_signed_in(browser)
    assert browser.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert not is_signed_in(browser)
    device = two_factor.get_device(ann)
    done = browser.post("/sign-in/code/", {"code": current_code(device)})
    assert done.status_code == 303
    assert is_signed_in(browser)


def test_code_is_accepted_once(browser: Client, ann: Staff) -> None:
    enable_two_factor(ann)
    code = current_code(two_factor.get_device(ann))
    sign_in(browser)
    browser.post("/sign-in/code/", {"code": code})
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/code/", {"code": code}).status_code == 422


def test_recovery_code_is_accepted_once(browser: Client, ann: Staff) -> None:
    codes = enable_two_factor(ann)
    sign_in(browser)
    assert browser.post("/sign-in/code/", {"code": codes[3].upper()}).status_code == 303
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/code/", {"code": codes[3]}).status_code == 422
    assert two_factor.count_recovery_codes(ann) == 9


def test_wrong_codes_are_limited(browser: Client, ann: Staff) -> None:
    enable_two_factor(ann)
    sign_in(browser)
    for guess in range(5):
        answer = browser.post("/sign-in/code/", {"code": f"{guess:06}"})
        assert answer.status_code == 422
    right = current_code(two_factor.get_device(ann))
    assert browser.post("/sign-in/code/", {"code": right}).status_code == 429


def test_turning_two_factor_on_ends_sessions_without_it(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    enable_two_factor(ann)
    assert not is_signed_in(browser)


def test_required_two_factor_is_set_up_during_sign_in(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    staff.require_two_factor(required=True, by=ann, at=datetime.now(UTC))
    assert not is_signed_in(browser)
    assert sign_in(browser)["Location"] == "/sign-in/two-factor/"
    page = browser.get("/sign-in/two-factor/")
    assert b"data:image/svg+xml" in page.content
    assert browser.post("/sign-in/two-factor/", {"code": "1"}).status_code == 422
    device = two_factor.pending_device(ann)
    response = browser.post("/sign-in/two-factor/", {"code": current_code(device)})
    assert response.content.count(b"<li><code>") == 10
    assert is_signed_in(browser)


def test_temporary_password_must_be_changed(browser: Client, ann: Staff) -> None:
    Staff.objects.update(password_is_temporary=True)
    assert sign_in(browser)["Location"] == "/sign-in/password/"
    assert not is_signed_in(browser)
    same = {"new_password": PASSWORD, "repeat_password": PASSWORD}
    assert browser.post("/sign-in/password/", same).status_code == 422
    different = {
        "new_password": "quite another one",
        "repeat_password": "quite another",
    }
    assert browser.post("/sign-in/password/", different).status_code == 422
    new = {"new_password": "quite another one", "repeat_password": "quite another one"}
    assert browser.post("/sign-in/password/", new).status_code == 303
    assert is_signed_in(browser)


def test_partial_login_times_out(browser: Client, ann: Staff) -> None:
    enable_two_factor(ann)
    sign_in(browser)
    session = browser.session
    old = datetime.now(UTC) - timedelta(minutes=11)
    session["pending_login"] = session["pending_login"] | {
        "at": int(old.timestamp() * 1e6)
    }
    session.save()
    code = {"code": current_code(two_factor.get_device(ann))}
    assert browser.post("/sign-in/code/", code)["Location"] == "/sign-in/"


@pytest.mark.parametrize("step", ["code", "password", "two-factor"])
def test_steps_need_a_partial_login(browser: Client, ann: Staff, step: str) -> None:
    assert browser.get(f"/sign-in/{step}/")["Location"] == "/sign-in/"
    sign_in(browser)
    assert browser.get(f"/sign-in/{step}/")["Location"] == "/sign-in/"


def test_sign_out_requires_post_and_ends_the_session(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 302
    assert not is_signed_in(browser)
    assert not sessions.Session.objects.filter(staff_id=ann.pk)


def test_sign_in_requires_a_csrf_token(ann: Staff) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = sign_in(strict)
    assert answer.status_code == 403
    assert not is_signed_in(strict)


def test_session_ends_after_a_week(browser: Client, ann: Staff) -> None:
    sign_in(browser)
    session = browser.session
    old = datetime.now(UTC) - timedelta(days=7)
    session["info"] = session["info"] | {"started": int(old.timestamp() * 1e6)}
    session.save()
    assert not is_signed_in(browser)


def test_sign_ins_and_failures_are_in_the_audit_log(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser, "wrong")
    sign_in(browser)
    browser.post("/sign-out/")
    names = audit.list_kinds(ann.community)
    entries = audit.list_entries(community=ann.community)
    kinds = ["staff.signed_out", "staff.signed_in", "staff.sign_in_failed"]
    assert [names[entry.kind_id] for entry in entries] == kinds
    assert [entry.actor_id for entry in entries] == [ann.pk, ann.pk, None]
    assert entries[0].detail == {"login": "ann", "address": "127.0.0.1"}


def test_language_of_the_sign_in_page_can_be_chosen(
    browser: Client, ann: Staff
) -> None:
    data = {"language": "zh-hans", "next": "/sign-in/"}
    browser.post("/sign-in/language/", data)
    assert 'lang="zh-CN"' in browser.get("/sign-in/").content.decode()
    browser.post("/sign-in/language/", {"language": "xx", "next": "//evil.example"})
    assert 'lang="en"' in browser.get("/sign-in/").content.decode()


def test_language_chosen_before_sign_in_is_kept(browser: Client, ann: Staff) -> None:
    browser.post("/sign-in/language/", {"language": "zh-hans", "next": "/sign-in/"})
    sign_in(browser)
    ann.refresh_from_db()
    assert ann.language == "zh-hans"
    assert 'lang="zh-CN"' in browser.get(ACCOUNT).content.decode()
    # The choice is for one sign-in: later the account's own language applies.
    assert "chosen_language" not in browser.session


def test_every_page_has_security_headers(browser: Client, ann: Staff) -> None:
    sign_in(browser)
    for page in (
        browser.get("/sign-in/code/"),
        browser.get(ACCOUNT),
        Client().get("/sign-in/"),
    ):
        policy = page["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page["X-Frame-Options"] == "DENY"
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page["Referrer-Policy"] == "same-origin"
        assert "camera=()" in page["Permissions-Policy"]
    assert browser.get(ACCOUNT)["Cache-Control"] == "private, no-store"


def test_unknown_host_is_rejected(browser: Client, ann: Staff) -> None:
    answer = browser.get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
