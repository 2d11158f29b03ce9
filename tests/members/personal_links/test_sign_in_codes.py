"""Sign-in codes (X6): six digits, ten minutes, five tries, used once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.personal_links import (
    devices,
    limits,
    links,
    sign_in_codes,
)
from qunce.members.personal_links.models import Device, SignInCode
from tests import factories
from tests.factories import AT

MINUTE = timedelta(minutes=1)
PHONE = devices.digest_of("phone")


@pytest.fixture
def ann(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "ann")


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name="李雷").pk


def show(shop: Community, digest: bytes = PHONE) -> str:
    digits, _code = sign_in_codes.show(
        community=shop, digest=digest, label="iPhone", address="192.0.2.1", at=AT
    )
    return digits


def device(shop: Community) -> Device:
    return devices.ensure(community=shop, digest=PHONE, label="iPhone", at=AT)


def other_digits(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**6:06}"


@pytest.mark.django_db
def test_staff_confirm_the_digits_that_a_page_shows(
    shop: Community, ann: Staff, li: int
) -> None:
    digits = show(shop)
    assert len(digits) == 6
    assert devices.find_sign_in(shop, PHONE, at=AT) is None
    # As people write them in a chat.
    said = f" {digits[:3]} {digits[3:]} "
    sign_in_codes.confirm(account_id=li, digits=said, by=ann, at=AT)
    signed_in = devices.find_sign_in(shop, PHONE, at=AT)
    assert signed_in is not None
    assert (signed_in.account_id, signed_in.rung) == (li, 4)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(account_id=li, digits=digits, by=ann, at=AT)


@pytest.mark.django_db
def test_digits_said_to_the_bot_sign_in_their_account(shop: Community, li: int) -> None:
    digits = show(shop)
    wrong = other_digits(digits)
    assert sign_in_codes.confirm_said(account_id=li, digits=wrong, at=AT) is None
    assert sign_in_codes.confirm_said(account_id=li, digits=digits, at=AT) is not None


@pytest.mark.django_db
def test_digits_end_after_ten_minutes(shop: Community, ann: Staff, li: int) -> None:
    digits = show(shop)
    late = AT + 10 * MINUTE
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(account_id=li, digits=digits, by=ann, at=late)
    made = sign_in_codes.make(account_id=li, by=ann, at=AT)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.enter(
            account_id=li, digits=made.digits, device=device(shop), at=late
        )
    assert devices.find_sign_in(shop, PHONE, at=late) is None


@pytest.mark.django_db(transaction=True)
def test_a_member_types_digits_once_and_has_five_tries(
    shop: Community, ann: Staff, li: int
) -> None:
    phone = device(shop)
    made = sign_in_codes.make(account_id=li, by=ann, at=AT)
    for _try in range(5):
        with pytest.raises(sign_in_codes.WrongCode):
            sign_in_codes.enter(
                account_id=li, digits=other_digits(made.digits), device=phone, at=AT
            )
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.enter(account_id=li, digits=made.digits, device=phone, at=AT)
    made = sign_in_codes.make(account_id=li, by=ann, at=AT)
    sign_in_codes.enter(account_id=li, digits=made.digits, device=phone, at=AT)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.enter(account_id=li, digits=made.digits, device=phone, at=AT)


@pytest.mark.django_db
def test_digits_of_another_member_or_community_do_not_sign_in(
    shop: Community, ann: Staff, li: int
) -> None:
    mei = factories.member(shop, "mei").pk
    other = factories.community("other")
    made = sign_in_codes.make(account_id=li, by=ann, at=AT)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.enter(
            account_id=mei, digits=made.digits, device=device(shop), at=AT
        )
    digits = show(other)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(account_id=li, digits=digits, by=ann, at=AT)
    bob = factories.staff(other, "owner", "bob")
    with pytest.raises(errors.NotFound):
        sign_in_codes.confirm(account_id=li, digits=digits, by=bob, at=AT)
    with pytest.raises(errors.NotFound):
        sign_in_codes.make(account_id=li, by=bob, at=AT)


@pytest.mark.django_db(transaction=True)
def test_guesses_for_one_member_are_limited_whoever_makes_them(
    shop: Community, ann: Staff, li: int
) -> None:
    digits = show(shop)
    for _try in range(5):
        with pytest.raises(sign_in_codes.WrongCode):
            sign_in_codes.confirm(
                account_id=li, digits=other_digits(digits), by=ann, at=AT
            )
    with pytest.raises(limits.TooManyRequests):
        sign_in_codes.confirm(account_id=li, digits=digits, by=ann, at=AT)
    later = AT + 10 * MINUTE
    limits.prune(at=later + 10 * MINUTE)
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.confirm(account_id=li, digits=digits, by=ann, at=later)


@pytest.mark.django_db
def test_a_second_code_ends_the_first_of_the_same_device(
    shop: Community, ann: Staff, li: int
) -> None:
    first = show(shop)
    second = show(shop)
    if first != second:
        with pytest.raises(sign_in_codes.WrongCode):
            sign_in_codes.confirm(account_id=li, digits=first, by=ann, at=AT)
    sign_in_codes.confirm(account_id=li, digits=second, by=ann, at=AT)


@pytest.mark.django_db
def test_whoever_signs_in_takes_the_place_of_the_one_before(
    shop: Community, ann: Staff, li: int
) -> None:
    mei = factories.member(shop, "mei").pk
    for account in (li, mei):
        digits = show(shop)
        sign_in_codes.confirm(account_id=account, digits=digits, by=ann, at=AT)
    signed_in = devices.find_sign_in(shop, PHONE, at=AT)
    assert signed_in is not None
    assert signed_in.account_id == mei
    assert devices.list_of_person(li, at=AT) == []
    links.revoke_member(account_id=mei, by=ann, at=AT)
    assert devices.find_sign_in(shop, PHONE, at=AT) is None


@pytest.mark.django_db
def test_digits_are_stored_as_a_keyed_hash_and_deleted(shop: Community) -> None:
    digits = show(shop)
    (row,) = SignInCode.objects.all()
    assert digits.encode() not in bytes(row.digits)
    assert sign_in_codes.prune(at=AT + timedelta(hours=1)) == 0
    assert sign_in_codes.prune(at=AT + timedelta(days=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_an_address_alone_stops_no_device_that_is_known() -> None:
    subjects = {"device": "d", "address": "192.0.2.1"}
    most = {"device": 100, "address": 2}
    for _time in range(3):
        limits.count(subjects, most=most, is_known=True, at=AT)
    with pytest.raises(limits.TooManyRequests):
        limits.count(subjects, most=most, is_known=False, at=AT)
    limits.count(subjects, most=most, is_known=False, at=AT + 10 * MINUTE)
    with pytest.raises(limits.TooManyRequests):
        limits.count({"device": "e"}, most={"device": 0}, is_known=True, at=AT)
