"""V3: signing in, the second factor, being locked out, and what is left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django_otp import oath
from django_otp.plugins.otp_totp.models import TOTPDevice

from qunce.core import communities, permissions
from qunce.core.facts import audit
from qunce.core.staff import login_attempts, sessions, staff, two_factor
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
MINE = "/settings/"


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


def sign_in(browser: Client, password: str = PASSWORD, **given: Any) -> Any:
    told = {"login": "ann", "password": password} | given.pop("data", {})
    return browser.post("/sign-in/", told, **given)


def is_in(browser: Client) -> bool:
    return browser.get(MINE).status_code == 200


def now_of(device: TOTPDevice, later: int = 0) -> str:
    totp = oath.TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = datetime.now(UTC).timestamp() + later
    return f"{totp.token():06}"


def with_factor(ann: Staff) -> list[str]:
    device = two_factor.pending_device(ann)
    now = datetime.now(UTC)
    codes = two_factor.enable(staff=ann, code=now_of(device), at=now)
    TOTPDevice.objects.update(last_t=-1)  # so that this half minute's code is fresh
    return codes


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(
    browser: Client, ann: Staff
) -> None:
    away = browser.get(MINE)
    assert away.status_code == 302
    assert away["Location"] == f"/sign-in/?next={MINE}"
    back = browser.post(away["Location"], {"login": "ann", "password": PASSWORD})
    assert (back.status_code, back["Location"]) == (303, MINE)
    assert is_in(browser)


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "javascript:alert(1)", r"/\evil"]
)
def test_the_way_back_stays_in_the_house(browser: Client, ann: Staff, to: str) -> None:
    told = {"login": "ann", "password": PASSWORD}
    answer = browser.post("/sign-in/", told, query_params={"next": to})
    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    ("login", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ANN", PASSWORD)]
)
def test_a_wrong_login_and_a_wrong_password_are_told_alike(
    browser: Client, ann: Staff, login: str, password: str
) -> None:
    answer = sign_in(browser, data={"login": login, "password": password})
    assert answer.status_code == 422
    assert "Incorrect login or password." in answer.content.decode()
    assert not is_in(browser)


def test_who_does_not_work_here_any_more_does_not_get_in(
    browser: Client, ann: Staff
) -> None:
    Staff.objects.update(is_active=False)
    assert sign_in(browser).status_code == 422


def test_the_house_itself_cannot_sign_in(browser: Client, ann: Staff) -> None:
    house = staff_models.system(ann.community)
    assert (
        sign_in(browser, data={"login": house.login, "password": "!"}).status_code
        == 422
    )


def test_failures_slow_down_and_lock_even_the_right_password(
    browser: Client, ann: Staff
) -> None:
    for _time in range(5):
        assert sign_in(browser, "wrong").status_code == 422
    refused = sign_in(browser)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 5
    login_attempts.unlock("ann")
    assert sign_in(browser).status_code == 303


def test_what_was_typed_stays_but_not_the_password(browser: Client, ann: Staff) -> None:
    page = sign_in(browser, "wrong-secret").content.decode()
    assert 'value="ann"' in page
    assert "wrong-secret" not in page


def test_hostile_input_is_an_error_not_a_crash(browser: Client, ann: Staff) -> None:
    for text in ("a\0b", "x" * 10_000, "<img src=x onerror=alert(1)>", "\u202eann"):
        answer = sign_in(browser, data={"login": text})
        assert answer.status_code in (422, 429)
        assert b"<img src=x" not in answer.content


def test_signing_in_makes_a_new_session(browser: Client, ann: Staff) -> None:
    browser.get("/sign-in/")
    session = browser.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    sign_in(browser)
    assert browser.session.session_key != before
    assert "planted" not in browser.session


def test_with_a_second_factor_the_password_alone_opens_nothing(
    browser: Client, ann: Staff
) -> None:
    with_factor(ann)
    assert sign_in(browser)["Location"] == "/sign-in/code/"
    assert not is_in(browser)
    assert browser.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert not is_in(browser)
    device = two_factor.get_device(ann)
    done = browser.post("/sign-in/code/", {"code": now_of(device)})
    assert done.status_code == 303
    assert is_in(browser)


def test_a_code_is_good_once(browser: Client, ann: Staff) -> None:
    with_factor(ann)
    code = now_of(two_factor.get_device(ann))
    sign_in(browser)
    browser.post("/sign-in/code/", {"code": code})
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/code/", {"code": code}).status_code == 422


def test_a_recovery_code_opens_once(browser: Client, ann: Staff) -> None:
    codes = with_factor(ann)
    sign_in(browser)
    assert browser.post("/sign-in/code/", {"code": codes[3].upper()}).status_code == 303
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/code/", {"code": codes[3]}).status_code == 422
    assert two_factor.count_recovery_codes(ann) == 9


def test_codes_are_not_guessed_for_long(browser: Client, ann: Staff) -> None:
    with_factor(ann)
    sign_in(browser)
    for guess in range(5):
        answer = browser.post("/sign-in/code/", {"code": f"{guess:06}"})
        assert answer.status_code == 422
    right = now_of(two_factor.get_device(ann))
    assert browser.post("/sign-in/code/", {"code": right}).status_code == 429


def test_who_turns_two_factor_on_elsewhere_signs_in_anew(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    with_factor(ann)
    assert not is_in(browser)


def test_where_it_is_required_one_turns_it_on_at_the_door(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    staff.require_two_factor(required=True, by=ann, at=datetime.now(UTC))
    assert not is_in(browser)
    assert sign_in(browser)["Location"] == "/sign-in/two-factor/"
    page = browser.get("/sign-in/two-factor/")
    assert b"data:image/svg+xml" in page.content
    assert browser.post("/sign-in/two-factor/", {"code": "1"}).status_code == 422
    device = two_factor.pending_device(ann)
    told = browser.post("/sign-in/two-factor/", {"code": now_of(device)})
    assert told.content.count(b"<li><code>") == 10
    assert is_in(browser)


def test_a_given_password_is_good_for_one_sign_in(browser: Client, ann: Staff) -> None:
    Staff.objects.update(password_is_temporary=True)
    assert sign_in(browser)["Location"] == "/sign-in/password/"
    assert not is_in(browser)
    same = {"new_password": PASSWORD, "repeat_password": PASSWORD}
    assert browser.post("/sign-in/password/", same).status_code == 422
    unlike = {"new_password": "quite another one", "repeat_password": "quite another"}
    assert browser.post("/sign-in/password/", unlike).status_code == 422
    new = {"new_password": "quite another one", "repeat_password": "quite another one"}
    assert browser.post("/sign-in/password/", new).status_code == 303
    assert is_in(browser)


def test_who_dawdles_between_the_steps_begins_again(
    browser: Client, ann: Staff
) -> None:
    with_factor(ann)
    sign_in(browser)
    session = browser.session
    old = datetime.now(UTC) - timedelta(minutes=11)
    session["coming"] = session["coming"] | {"at": int(old.timestamp() * 1e6)}
    session.save()
    code = {"code": now_of(two_factor.get_device(ann))}
    assert browser.post("/sign-in/code/", code)["Location"] == "/sign-in/"


@pytest.mark.parametrize("step", ["code", "password", "two-factor"])
def test_no_step_opens_by_itself(browser: Client, ann: Staff, step: str) -> None:
    assert browser.get(f"/sign-in/{step}/")["Location"] == "/sign-in/"
    sign_in(browser)
    assert browser.get(f"/sign-in/{step}/")["Location"] == "/sign-in/"


def test_signing_out_ends_the_session_and_needs_a_form(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser)
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 302
    assert not is_in(browser)
    assert not sessions.Session.objects.filter(staff_id=ann.pk)


def test_a_form_of_another_site_does_nothing(ann: Staff) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = sign_in(strict)
    assert answer.status_code == 403
    assert not is_in(strict)


def test_a_session_ends_after_a_week_however_busy(browser: Client, ann: Staff) -> None:
    sign_in(browser)
    session = browser.session
    old = datetime.now(UTC) - timedelta(days=7)
    session["info"] = session["info"] | {"started": int(old.timestamp() * 1e6)}
    session.save()
    assert not is_in(browser)


def test_signing_in_out_and_failing_are_in_the_audit_log(
    browser: Client, ann: Staff
) -> None:
    sign_in(browser, "wrong")
    sign_in(browser)
    browser.post("/sign-out/")
    names = audit.list_kinds(ann.community)
    acts = audit.list_entries(community=ann.community)
    kinds = ["staff.signed_out", "staff.signed_in", "staff.sign_in_failed"]
    assert [names[act.kind_id] for act in acts] == kinds
    assert [act.actor_id for act in acts] == [ann.pk, ann.pk, None]
    assert acts[0].detail == {"login": "ann", "address": "127.0.0.1"}


def test_the_language_of_the_door_can_be_chosen(browser: Client, ann: Staff) -> None:
    chosen = {"language": "zh-hans", "next": "/sign-in/"}
    browser.post("/sign-in/language/", chosen)
    assert 'lang="zh-CN"' in browser.get("/sign-in/").content.decode()
    browser.post("/sign-in/language/", {"language": "xx", "next": "//evil.example"})
    assert 'lang="en"' in browser.get("/sign-in/").content.decode()


def test_what_surrounds_every_page(browser: Client, ann: Staff) -> None:
    sign_in(browser)
    for page in (
        browser.get("/sign-in/code/"),
        browser.get(MINE),
        Client().get("/sign-in/"),
    ):
        policy = page["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page["X-Frame-Options"] == "DENY"
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page["Referrer-Policy"] == "same-origin"
        assert "camera=()" in page["Permissions-Policy"]
    assert browser.get(MINE)["Cache-Control"] == "private, no-store"


def test_a_host_that_is_not_ours_is_refused(browser: Client, ann: Staff) -> None:
    answer = browser.get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
