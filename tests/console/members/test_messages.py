"""P10: opt-outs on the page of one member."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.people import people
from qunce.outreach import opt_outs
from tests.console.members.conftest import AT, add, posted, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def said_of(page: str) -> str:
    found = re.search(r'<section[^>]*"h-messages">(.*?)</section>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def undo_of(page: str) -> str:
    found = re.search(
        r'action="/members/([^"]*)"[^>]*>(?:(?!</form>).)*Undo', page, re.S
    )
    assert found
    return found[1]


def test_an_opt_out_is_put_down_taken_back_and_undone(
    olga: Client, ann: account_models.Account
) -> None:
    where = f"/members/{ann.pk}/"
    assert said_of(text(olga.get(where))) == "Messages Not opted out Record opt-out"
    page = posted(olga, f"{ann.pk}/opt-out/")
    assert "Ann Lee will no longer receive messages." in page
    assert "by hand · 2026-06-29 10:00 · operator-shop" in said_of(page)
    assert "Messages Opted out Take back the opt-out" in said_of(page)
    page = posted(olga, undo_of(page))
    assert "Ann Lee can receive messages again." in page
    assert opt_outs.find_by_person([ann.pk]) == {}
    posted(olga, undo_of(page))
    assert set(opt_outs.find_by_person([ann.pk])) == {ann.pk}


def test_an_opt_out_that_stood_before_is_not_undone(
    olga: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    """The channel of another account of hers told us; two pages were open."""
    too = add(shop, "too")
    people.merge(left=ann, right=too, by=by, at=AT)
    opt_outs.opt_out(community=shop, accounts=[too.pk], by=by, at=AT, source="assisted")
    page = posted(olga, f"{ann.pk}/opt-out/")
    assert "Ann Lee had already opted out." in page and "Undo" not in page
    assert said_of(page).endswith("assisted sending · 2026-06-29 10:00")
    assert "may be written to" in posted(olga, f"{too.pk}/opt-in/")
    page = posted(olga, f"{ann.pk}/opt-in/")
    assert "Ann Lee has not opted out." in page and "Undo" not in page


def test_who_may_not_tend_opt_outs_reads_them_only(
    shop: Community, by: Staff, ann: account_models.Account
) -> None:
    viewer = signed_in(shop, "viewer")
    where = f"/members/{ann.pk}/"
    assert said_of(text(viewer.get(where))) == "Messages Not opted out"
    opt_outs.opt_out(community=shop, accounts=[ann.pk], by=by, at=AT)
    assert "Undo" not in said_of(text(viewer.get(where)))
    for deed in ("opt-out", "opt-in"):
        assert viewer.post(f"{where}{deed}/").status_code == 403
    add(shop, "bob")
    elsewhere = signed_in(shop, "manager", scope={"members": {"keys": ["bob"]}})
    assert elsewhere.post(f"{where}opt-in/").status_code == 404
    assert set(opt_outs.find_by_person([ann.pk])) == {ann.pk}
