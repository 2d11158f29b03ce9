"""Opt-outs on the page of a member."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.people import people
from qunce.outreach import opt_outs
from tests.console.members.conftest import AT, browser_of, create_member, post, text

pytestmark = pytest.mark.django_db


def messages_section(page: str) -> str:
    section = re.search(r'<section[^>]*"h-messages">(.*?)</section>', page, re.DOTALL)
    assert section
    return " ".join(re.sub(r"<[^>]+>", " ", section[1]).split())


def undo_path(page: str) -> str:
    form = re.search(
        r'action="/members/([^"]*)"[^>]*>(?:(?!</form>).)*Undo', page, re.S
    )
    assert form
    return form[1]


def test_opt_out_is_recorded_and_undone(
    olga: Client, ann: account_models.Account
) -> None:
    path = f"/members/{ann.pk}/"
    assert (
        messages_section(text(olga.get(path)))
        == "Messages Not opted out Record opt-out 7 days: 0 of at most 2"
    )
    page = post(olga, f"{ann.pk}/opt-out/")
    assert "Ann Lee will no longer receive marketing." in page
    assert "by hand · today 10:00 · operator-shop" in messages_section(page)
    assert "Messages Opted out of marketing Undo opt-out" in messages_section(page)
    page = post(olga, undo_path(page))
    assert "Ann Lee can receive messages again." in page
    assert opt_outs.find_by_person([ann.pk]) == {}
    post(olga, undo_path(page))
    assert set(opt_outs.find_by_person([ann.pk])) == {ann.pk}


def test_undo_is_not_offered_for_an_earlier_opt_out(
    olga: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    """The channel of the member's other account has reported an opt-out before."""
    second = create_member(shop, "too")
    people.merge(left=ann, right=second, by=by, at=AT)
    opt_outs.opt_out(
        community=shop, accounts=[second.pk], by=by, at=AT, source="assisted"
    )
    page = post(olga, f"{ann.pk}/opt-out/")
    assert "Ann Lee had already opted out." in page
    assert ">Undo<" not in page
    assert "assisted sending · today 10:00" in messages_section(page)
    assert "can receive messages again" in post(olga, f"{second.pk}/opt-in/")
    page = post(olga, f"{ann.pk}/opt-in/")
    assert "Ann Lee has not opted out." in page
    assert ">Undo<" not in page


def test_recording_opt_outs_needs_permission(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    viewer = browser_of(shop, "viewer")
    path = f"/members/{ann.pk}/"
    shown = messages_section(text(viewer.get(path)))
    assert shown == "Messages Not opted out 7 days: 0 of at most 2"
    opt_outs.opt_out(community=shop, accounts=[ann.pk], by=by, at=AT)
    assert "Undo opt-out" in messages_section(text(browser.get(path)))
    assert "Undo" not in messages_section(text(viewer.get(path)))
    for action in ("opt-out", "opt-in"):
        assert viewer.post(f"{path}{action}/").status_code == 403
    create_member(shop, "bob")
    scoped = browser_of(shop, "manager", scope={"members": {"keys": ["bob"]}})
    assert scoped.post(f"{path}opt-in/").status_code == 404
    assert set(opt_outs.find_by_person([ann.pk])) == {ann.pk}
