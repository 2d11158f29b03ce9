"""Changes of a member on their page: identity, merges, erasure, fields in place."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import people, remark_names
from qunce.sales import orders
from qunce.sets.mirror import deriver
from tests import factories
from tests.console.members.conftest import (
    AT,
    PHONE,
    browser_of,
    create_member,
    post,
    text,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_member_is_added(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    page = post(browser, "new/", name="Bob", phone="", email="", key="", source="shop")
    assert "Bob added" in page
    twin = {"name": "Twin", "phone": "", "email": "", "key": "twin", "source": ""}
    post(browser, "new/", **twin)
    answer = browser.post("/members/new/", twin)
    assert answer.status_code == 422 and 'value="Twin"' in text(answer)
    assert browser.post("/members/new/", {"name": " "}).status_code == 422
    bad = {**twin, "key": "x", "phone": "12"}
    assert browser.post("/members/new/", bad).status_code == 422
    assert account_queries.find(shop, ["x"]) == {}


def test_known_phone_leads_to_the_existing_member(
    browser: Client, ann: account_models.Account
) -> None:
    data = {"name": "Annie", "phone": "138 0013 8001", "key": "annie"}
    answer = browser.post("/members/new/", data)
    assert answer["Location"] == f"/members/{ann.pk}/"


def test_identifier_is_added_or_rejected(
    browser: Client, ann: account_models.Account
) -> None:
    data = {"identifier-kind": "email", "identifier-value": "Ann@Shop.cn"}
    assert "ann@shop.cn" in post(browser, f"{ann.pk}/identifiers/", **data)
    bad = {**data, "identifier-value": "nonsense"}
    answer = browser.post(f"/members/{ann.pk}/identifiers/", bad)
    assert answer.status_code == 422 and 'value="nonsense"' in text(answer)


def test_member_departs_and_rejoins(
    browser: Client, ann: account_models.Account
) -> None:
    assert "marked as left" in post(browser, f"accounts/{ann.pk}/depart/")
    assert browser.post(f"/members/accounts/{ann.pk}/depart/").status_code == 403
    assert "marked as returned" in post(browser, f"accounts/{ann.pk}/rejoin/")


def test_two_members_are_merged_and_unmerged(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    second = create_member(shop, "second", name="Second")
    path = f"/members/{ann.pk}/merge/"
    assert "Second" in text(browser.get(path, {"q": "second"}))
    assert "Merge into one person" in text(browser.get(path, {"member": second.pk}))
    assert browser.post(path, {"member": ann.pk}).status_code == 422
    page = post(browser, f"{ann.pk}/merge/", member=second.pk, note="told us")
    assert "have been merged" in page and "told us" in page
    assert browser.post(path, {"member": second.pk}).status_code == 422
    (merge,) = people.get_by_account(ann.pk).merges
    assert "are two members again" in post(browser, f"merges/{merge.pk}/undo/")
    assert browser.post(f"/members/merges/{merge.pk}/undo/").status_code == 403


def test_members_outside_the_scope_cannot_be_merged(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    bob = create_member(shop, "bob")
    scoped = browser_of(shop, "manager", scope={"members": {"keys": ["ann"]}})
    path = f"/members/{ann.pk}/merge/"
    assert scoped.get(path, {"member": bob.pk}).status_code == 404
    assert scoped.post(path, {"member": bob.pk}).status_code == 404
    assert "bob" in text(browser.get("/members/find/?q=bob"))
    assert "bob" not in text(scoped.get("/members/find/?q=bob"))


def test_erasure_needs_permission_and_confirmation(
    browser: Client, olga: Client, ann: account_models.Account
) -> None:
    path = f"/members/{ann.pk}/erase/"
    factories.segment(ann.community, "friends", {"members": {"keys": ["ann"]}})
    assert olga.get(path).status_code == 403
    page = text(browser.get(path))
    assert "cannot be undone" in page and "friends" in page
    assert browser.post(path).status_code == 422
    assert "Erased." in post(browser, f"{ann.pk}/erase/", confirmed="1")
    assert browser.get(f"/members/{ann.pk}/").status_code == 404


def test_former_member_has_a_page(
    browser: Client, by: Staff, ann: account_models.Account
) -> None:
    accounts.leave(account=ann, by=by, at=AT)
    assert "Mark as returned" in text(browser.get(f"/members/{ann.pk}/"))


def test_attributes_are_created_and_updated(
    browser: Client, olga: Client, shop: Community
) -> None:
    data = {"label": "Shirt size", "type": "choice", "section": "product"}
    page = post(browser, "attributes/new/", **data, choices="S\nM\n\n")
    assert "Shirt size" in page and "S、M" in page
    assert browser.post("/members/attributes/new/", data).status_code == 422
    (attribute,) = attributes.list_all(shop)
    changed = {"label": "Size", "section": "product", "choices": "S\nL"}
    assert "Size" in post(browser, f"attributes/{attribute.pk}/", **changed)
    assert attributes.get(shop, "Shirt size").choices == ["S", "L"]
    assert olga.get("/members/attributes/").status_code == 200
    assert olga.get(f"/members/attributes/{attribute.pk}/").status_code == 403
    assert browser.get("/members/attributes/999/").status_code == 404


def test_remark_pattern_is_previewed_and_saved(
    browser: Client, olga: Client, shop: Community, ann: account_models.Account
) -> None:
    query = {"text": "VIP-{name}", "max_length": "20"}
    part = text(browser.get("/members/remark-names/", query, headers=HTMX))
    assert "VIP-Ann Lee" in part and "<html" not in part
    invalid = {"text": "{nonsense}", "max_length": "20"}
    assert "There is no variable" in text(
        browser.get("/members/remark-names/", invalid, headers=HTMX)
    )
    assert browser.post("/members/remark-names/", invalid).status_code == 422
    post(browser, "remark-names/", **query)
    assert remark_names.get_pattern(shop).text == "VIP-{name}"
    assert "VIP-Ann Lee" in text(browser.get(f"/members/{ann.pk}/"))
    assert olga.get("/members/remark-names/").status_code == 403


def test_wrong_phone_is_corrected_on_the_page(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    bob = create_member(shop, "bob", name="Bob", identifiers=PHONE)
    row = account_models.Identifier.objects.get(account=bob)
    path = f"identifiers/{row.pk}/"
    form = text(browser.get(f"/members/{path}"))
    assert "13800138001" in form
    assert "1 merge is based on it." in form
    refused = browser.post(f"/members/{path}", {"value": "12"})
    assert refused.status_code == 422
    page = post(browser, path, value="139 0013 9001")
    assert "ann and bob are two people now." in page
    assert "13900139001" in page
    assert "13800138001" in page  # in the history
    assert account_queries.account_ids_of_person(ann.pk) == [ann.pk]
    assert browser.get(f"/members/{path}").status_code == 404


def test_identifiers_of_hidden_members_are_not_corrected(
    shop: Community, ann: account_models.Account
) -> None:
    row = account_models.Identifier.objects.get(account=ann)
    create_member(shop, "bob")
    lin = browser_of(shop, "operator", scope={"members": {"keys": ["bob"]}})
    assert lin.get(f"/members/identifiers/{row.pk}/").status_code == 404
    other = factories.community("other")
    assert (
        browser_of(other, "owner").get(f"/members/identifiers/{row.pk}/").status_code
        == 404
    )


def test_fields_are_edited_in_place_with_and_without_javascript(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    owner = Staff.objects.get(login="owner-shop")
    fields = {
        f"attr-{city.pk}": "Xi'an",
        "name": "Ann L.",
        "joined": "2026-06-01T09:30",
        "staff": str(owner.pk),
    }
    for key, value in fields.items():
        path = f"/members/{ann.pk}/fields/{key}/"
        assert "<html" in text(browser.get(path))
        assert "<form" in text(browser.get(path, headers=HTMX))
        answer = browser.post(path, {f"{key}-value": value})
        assert answer["Location"] == f"/members/{ann.pk}/#f-{key}"
    page = text(browser.get(f"/members/{ann.pk}/"))
    assert "Xi&#x27;an" in page and "Jun 1 09:30" in page and "Ann L." in page
    assert re.search(r'id="f-staff"><bdi>owner-shop</bdi>', page)
    path = f"/members/{ann.pk}/fields/attr-{city.pk}/"
    shown = text(browser.post(path, {f"attr-{city.pk}-value": "Wuxi"}, headers=HTMX))
    assert "<html" not in shown and "Wuxi" in shown and "autofocus" in shown
    # The value that was replaced is kept with its source and author.
    assert "Xi&#x27;an" in shown and "by hand · today 10:00 to" in shown
    wrong = browser.post(f"/members/{ann.pk}/fields/joined/", {"joined-value": "x"})
    assert wrong.status_code == 422
    assert browser.get(f"/members/{ann.pk}/fields/nothing/").status_code == 404
    viewer = browser_of(shop, "viewer")
    assert viewer.get(path).status_code == 403


def test_contacts_in_attributes_are_masked_like_identifiers(
    browser: Client,
    olga: Client,
    shop: Community,
    by: Staff,
    ann: account_models.Account,
) -> None:
    wechat = attributes.define(community=shop, name="微信号", type="text", by=by, at=AT)
    attributes.set_values(attribute=wechat, values={ann.pk: "ann_lee_99"}, by=by, at=AT)
    assert "ann_lee_99" in text(browser.get(f"/members/{ann.pk}/"))
    path = f"/members/{ann.pk}/fields/attr-{wechat.pk}/"
    for url in (f"/members/{ann.pk}/", f"/members/{ann.pk}/profile/", path):
        page = text(olga.get(url))
        assert "ann_lee_99" not in page
    assert "a****" in text(olga.get(f"/members/{ann.pk}/"))
    # Saving the form without a new value keeps the contact.
    olga.post(path, {f"attr-{wechat.pk}-value": ""})
    assert "ann_lee_99" in text(browser.get(f"/members/{ann.pk}/"))


def test_equal_events_are_folded(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    for day in range(3):
        orders.record_payment(
            community=shop, key=f"A-{day}", account=ann.pk, amount=1999,
            currency="CNY", paid_at=AT + timedelta(days=day), by=by, at=AT,
        )  # fmt: skip
    deriver.catch_up()
    page = text(browser.get(f"/members/{ann.pk}/timeline/", headers=HTMX))
    assert "×3" in page and "<bdi>CNY 19.99</bdi>" in page


def test_everything_about_a_person_is_exported(
    browser: Client, olga: Client, ann: account_models.Account
) -> None:
    path = f"/members/{ann.pk}/data/"
    assert olga.post(path).status_code == 403
    content = browser.post(path).getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (account,) = json.loads(archive.read("accounts.json"))
        (phone,) = json.loads(archive.read("identifiers.json"))
    assert (account["key"], account["name"]) == ("ann", "Ann Lee")
    assert phone["value"] == "13800138001"


def test_consents_are_recorded_and_the_latest_counts(
    olga: Client, shop: Community, ann: account_models.Account
) -> None:
    path = f"{ann.pk}/consents/"
    given = {"consent-purpose": "marketing", "consent-given": "yes"}
    page = post(olga, path, **given, **{"consent-evidence": "signed at the stall"})
    assert "marketing messages" in page and "signed at the stall" in page
    page = post(olga, path, **given | {"consent-given": "no"})
    assert "taken back" in page and "signed at the stall" not in page
    kinds = [fact for kind in ("given", "withdrawn") for fact in
             factories.recorded_facts(shop, f"consent.{kind}")]  # fmt: skip
    assert kinds == [(ann.pk, {"purpose": "marketing"})] * 2
    assert browser_of(shop, "viewer").post(f"/members/{path}").status_code == 403
