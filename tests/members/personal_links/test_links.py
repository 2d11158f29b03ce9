"""Personal links (X6): for one account, one purpose and one device, and revocable."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.personal_links import devices, links, purposes, tokens
from qunce.members.personal_links.models import LinkBinding
from qunce.members.personal_links.tokens import InvalidToken, Token
from tests import factories
from tests.factories import AT, HOUR

DAY = timedelta(days=1)
PHONE, TABLET = devices.digest_of("phone"), devices.digest_of("tablet")
CHECK_IN = purposes.of(purposes.ACTIVITY, "7Hk2")


@pytest.fixture
def ann(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "ann")


def make(shop: Community, ann: Staff, key: str = "li", **fields: object) -> Token:
    account = account_queries.find(shop, [key]).get(key)
    if account is None:
        account = factories.member(shop, key, name="李雷").pk
    path = links.make(
        account_id=account,
        **{"purpose": CHECK_IN, "by": ann, "at": AT, **fields},  # type: ignore[arg-type]
    )
    assert path.startswith("/p/_/")
    return links.read(path.removeprefix("/p/_/"))


def bind(token: Token, device: bytes = PHONE, at: object = AT) -> LinkBinding:
    return links.bind(token=token, device_digest=device, device_label="iPhone", at=at)  # type: ignore[arg-type]


@given(
    id_=st.binary(min_size=8, max_size=8),
    account=st.integers(0, 2**63 - 1),
    purpose=st.from_regex(r"\A[a-z]{1,10}(:[A-Za-z0-9]{1,20})?\Z"),
    hours=st.integers(1, 720),
    source=st.sampled_from(["", "campaign:12"]),
)
def test_a_token_says_what_it_was_made_from_and_to_nobody_else(
    id_: bytes, account: int, purpose: str, hours: int, source: str
) -> None:
    token = Token(id_, account, purpose, AT, hours, source)
    text = tokens.encode(token)
    assert tokens.decode(text) == token
    assert len(text) <= 120
    assert len(purpose) < 6 or purpose.encode() not in base64.urlsafe_b64decode(
        f"{text}=="
    )


def test_a_changed_token_is_none_of_ours() -> None:
    text = tokens.encode(Token(b"12345678", 7, CHECK_IN, AT, 720))
    for position, sign in enumerate(text):
        other = "A" if sign != "A" else "B"
        with pytest.raises(InvalidToken):
            tokens.decode(text[:position] + other + text[position + 1 :])
    for wrong in ("", "A", "é", text[:-2], f"{text}=", f"{text}\n", "x" * 400, "%00"):
        with pytest.raises(InvalidToken):
            tokens.decode(wrong)


def test_a_reference_names_the_member_to_us_only() -> None:
    reference = tokens.reference_of(1_234)
    assert tokens.find_sharer(reference) == 1_234
    assert (
        tokens.find_sharer(tokens.encode(Token(b"12345678", 7, "home", AT, 1))) is None
    )
    for wrong in ("", "1234", reference[:-1], reference + "A"):
        assert tokens.find_sharer(wrong) is None


@pytest.mark.django_db
def test_a_link_is_for_the_first_device_that_says_it_is_theirs(
    shop: Community, ann: Staff
) -> None:
    token = make(shop, ann)
    assert links.find_device(token) is None
    first = bind(token)
    assert bind(token, at=AT + HOUR) == first
    with pytest.raises(links.LinkTaken):
        bind(token, TABLET)
    own = links.list_of_device(shop, PHONE, at=AT)
    assert [(each.account_id, each.purpose) for each in own] == [
        (token.account, CHECK_IN)
    ]
    assert links.list_of_device(shop, TABLET, at=AT) == []


@pytest.mark.django_db
def test_a_link_ends_after_its_time(shop: Community, ann: Staff) -> None:
    token = make(shop, ann, valid_for=timedelta(days=2))
    bind(token)
    assert links.list_of_device(shop, PHONE, at=AT + 2 * DAY - HOUR)
    assert links.list_of_device(shop, PHONE, at=AT + 2 * DAY) == []
    with pytest.raises(links.LinkClosed):
        bind(token, at=AT + 2 * DAY)


@pytest.mark.parametrize("days", [0, 31, -1])
@pytest.mark.django_db
def test_a_link_is_valid_for_30_days_at_most(
    shop: Community, ann: Staff, days: int
) -> None:
    with pytest.raises(links.InvalidValidity):
        make(shop, ann, valid_for=timedelta(days=days))


@pytest.mark.parametrize("purpose", ["", "money", "activity", "activity:a/b", "home:x"])
@pytest.mark.django_db
def test_a_purpose_must_exist(shop: Community, ann: Staff, purpose: str) -> None:
    with pytest.raises(purposes.InvalidPurpose):
        make(shop, ann, purpose=purpose)


@pytest.mark.django_db
def test_one_link_is_revoked_and_the_others_stay(shop: Community, ann: Staff) -> None:
    gone, kept = make(shop, ann), make(shop, ann, purpose="home")
    bind(gone)
    bind(kept)
    links.revoke(pk=LinkBinding.objects.get(token_id=gone.id).pk, by=ann, at=AT)
    with pytest.raises(links.LinkClosed):
        bind(gone)
    assert [row.purpose for row in links.list_of_device(shop, PHONE, at=AT)] == ["home"]


@pytest.mark.django_db
def test_all_links_of_a_member_are_revoked_also_those_nobody_opened(
    shop: Community, ann: Staff
) -> None:
    old, other = make(shop, ann), make(shop, ann, key="mei")
    sent = links.for_message(
        account_id=old.account, purpose=CHECK_IN, source="campaign:1", issued_at=AT
    )
    links.revoke_member(account_id=old.account, by=ann, at=AT + HOUR)
    for token in (old, links.read(sent.rpartition("/")[2])):
        with pytest.raises(links.LinkClosed):
            bind(token, at=AT + HOUR)
    new = bind(make(shop, ann, at=AT + 2 * HOUR), at=AT + 2 * HOUR)
    assert new.account_id == old.account
    assert bind(other, TABLET, at=AT + HOUR).account_id == other.account


@pytest.mark.django_db
def test_all_links_for_a_purpose_are_revoked(shop: Community, ann: Staff) -> None:
    gone, kept = make(shop, ann), make(shop, ann, purpose="home")
    manager = factories.staff(shop, "manager", "max")
    with pytest.raises(permissions.NotAllowed):
        links.revoke_purpose(community=shop, purpose=CHECK_IN, by=ann, at=AT)
    links.revoke_purpose(community=shop, purpose=CHECK_IN, by=manager, at=AT)
    with pytest.raises(links.LinkClosed):
        bind(gone)
    assert bind(kept).purpose == "home"


@pytest.mark.django_db
def test_a_link_of_an_erased_member_leads_nowhere(shop: Community, ann: Staff) -> None:
    token = make(shop, ann)
    bind(token)
    account = account_queries.get(shop, "li")
    owner = factories.staff(shop, "owner", "olga")
    people.erase(account=account, by=owner, at=AT)
    assert links.list_of_device(shop, PHONE, at=AT) == []
    with pytest.raises(links.LinkNotFound):
        bind(token)


@pytest.mark.django_db
def test_links_of_messages_are_the_same_each_time_and_stored_when_opened(
    shop: Community,
) -> None:
    li = factories.member(shop, "li").pk
    given = {"account_id": li, "purpose": "home", "issued_at": AT}
    first = links.for_message(source="campaign:1", **given)  # type: ignore[arg-type]
    assert first == links.for_message(source="campaign:1", **given)  # type: ignore[arg-type]
    assert first != links.for_message(source="campaign:2", **given)  # type: ignore[arg-type]
    assert not LinkBinding.objects.exists()
    assert bind(links.read(first.rpartition("/")[2])).source == "campaign:1"


@pytest.mark.django_db
def test_links_of_other_communities_and_hidden_members_do_not_exist(
    shop: Community, ann: Staff
) -> None:
    token = make(shop, ann)
    other = factories.community("other")
    bob = factories.staff(other, "owner", "bob")
    row = LinkBinding.objects.get(token_id=token.id)
    for verb in (
        lambda: links.revoke(pk=row.pk, by=bob, at=AT),
        lambda: links.revoke_member(account_id=token.account, by=bob, at=AT),
        lambda: links.list_of_member(account_id=token.account, by=bob, at=AT),
        lambda: links.make(account_id=token.account, purpose="home", by=bob, at=AT),
    ):
        with pytest.raises(errors.NotFound):
            verb()
    bind(token)
    assert links.list_of_device(other, PHONE, at=AT) == []


@pytest.mark.django_db
def test_a_member_sees_and_removes_their_devices(shop: Community, ann: Staff) -> None:
    token = make(shop, ann)
    binding = bind(token)
    bind(make(shop, ann, key="mei"), TABLET)
    (shown,) = devices.list_of_person(token.account, at=AT)
    assert (shown.label, shown.is_signed_in) == ("iPhone", False)
    remove = {"community": shop, "device": shown.id, "at": AT}
    mei = account_queries.get(shop, "mei").pk
    assert not links.remove_device(account_id=mei, **remove)  # type: ignore[arg-type]
    assert links.remove_device(account_id=token.account, **remove)  # type: ignore[arg-type]
    assert devices.list_of_person(token.account, at=AT) == []
    binding.refresh_from_db()
    assert binding.revoked_at == AT
    assert len(links.list_of_device(shop, TABLET, at=AT)) == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_many_devices_at_the_same_time_one_gets_a_link(
    shop: Community, ann: Staff
) -> None:
    token = make(shop, ann)
    got: list[bytes] = []
    refused: list[Exception] = []

    def try_it(device: bytes) -> None:
        from django.db import connections

        try:
            bind(token, device)
            got.append(device)
        except links.LinkTaken as error:
            refused.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=try_it, args=(devices.digest_of(str(n)),))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)
