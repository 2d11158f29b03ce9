"""Opting out of marketing only, or of service messages as well (P6)."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import audience_plan
from qunce.outreach.opt_outs import MARKETING, SERVICE, MemberOptedIn, MemberOptedOut
from qunce.outreach.sending import messages
from qunce.outreach.sending.messages import Draft, Origin, Purpose
from tests import clients, factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
WISHES = st.lists(st.tuples(st.booleans(), st.sampled_from((MARKETING, SERVICE))))


@given(WISHES)
def test_weight_follows_what_was_wished(wishes: list[tuple[bool, str]]) -> None:
    weight, refused = 0, set[str]()
    for is_out, purpose in wishes:
        fact = MemberOptedOut if is_out else MemberOptedIn
        weight = opt_outs._weight_after(weight, fact(source="", purpose=purpose))
        # The slow way: a set of what is refused, where service includes marketing.
        if is_out:
            refused |= {MARKETING} | ({SERVICE} if purpose == SERVICE else set())
        else:
            refused -= {SERVICE} if purpose == SERVICE else {MARKETING, SERVICE}
        assert weight == len(refused)


def test_each_purpose_reaches_whoever_did_not_refuse_it(
    shop: Community, by: Staff
) -> None:
    every, news, all_ = factories.members(shop, "every", "news", "all")
    opt_outs.opt_out(community=shop, accounts=[news], by=by, at=AT)
    opt_outs.opt_out(community=shop, accounts=[all_], by=by, at=AT, purpose=SERVICE)
    # Whoever wants nothing at all wants no marketing either, and stays so.
    assert not opt_outs.opt_out(community=shop, accounts=[all_], by=by, at=AT)
    with pytest.raises(errors.Invalid, match="as well"):
        opt_outs.opt_out(community=shop, accounts=[all_], by=by, at=AT, purpose="x")
    of = "opted_out"
    assert factories.matching_keys(shop, {of: {"of": "messages"}}) == ["news", "all"]
    assert factories.matching_keys(shop, {of: {"of": "service"}}) == ["all"]
    with pytest.raises(errors.Invalid, match="messages” or “service"):
        factories.matching_keys(shop, {of: {"of": "mail"}})
    reached = {}
    for number, purpose in enumerate(Purpose, start=1):
        drafts = [
            Draft(
                origin=Origin.PLAYBOOK,
                origin_id=number,
                account=account,
                text="Hi",
                purpose=purpose,
                staff=by,
            )
            for account in (every, news, all_)
        ]
        with transaction.atomic():
            rows = messages.request_many(drafts, community=shop, at=AT)
        reached[purpose.value] = [row.target_id for row in rows if not row.reason]
    assert reached == {
        "marketing": [every],
        "service": [every, news],
        "moderation": [every, news, all_],
    }
    campaign = factories.campaign(by, purpose="service")
    plan = audience_plan.build(campaign=campaign, by=by, at=AT)
    assert (plan.excluded, plan.size) == ({"opted_out": 1}, 2)
    assert opt_outs.count_by_source(by=by, at=AT) == [
        ("operator", MARKETING, 1),
        ("operator", SERVICE, 1),
    ]
    opt_outs.opt_in(community=shop, accounts=[all_], by=by, at=LATER, purpose=SERVICE)
    assert opt_outs.find_by_person([all_])[all_].purpose == MARKETING
    opt_outs.opt_in(community=shop, accounts=[all_], by=by, at=LATER)
    assert not opt_outs.find_by_person([all_])


def test_person_refuses_what_any_account_refuses(shop: Community, by: Staff) -> None:
    first, second = factories.members(shop, "first", "second")
    opt_outs.opt_out(community=shop, accounts=[first], by=by, at=AT)
    opt_outs.opt_out(community=shop, accounts=[second], by=by, at=AT, purpose=SERVICE)
    factories.merge(shop, "first", "second")
    by_person = account_queries.accounts_by_person([first])
    assert opt_outs.among(by_person, purpose=SERVICE) == {first}
    assert factories.matching_keys(shop, {"opted_out": {"of": "service"}}) == ["first"]
    assert opt_outs.find_by_person([first])[first].purpose == SERVICE


def test_staff_and_programs_record_what_is_refused(shop: Community, by: Staff) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    browser = clients.browser(by)
    api = clients.ApiClient(clients.create_token(by))
    path = f"/members/{bob}/opt-out"
    browser.post("/outreach/opt-outs/add/", {"key": "bob", "purpose": "service"})
    assert api.get(path).body["purpose"] == "service"
    shown = browser.get("/outreach/opt-outs/").content.decode()
    # As a choice of the form, in the numbers, and beside the member.
    assert shown.count("连同服务消息") == 3
    browser.post(f"/members/{bob}/opt-in/", {"purpose": "service"})
    assert api.get(path).body["purpose"] == "marketing"
    assert api.request("PUT", f"{path}?purpose=service").body["purpose"] == "service"
    assert api.get("/opt-outs/counts").body["items"][0]["purpose"] == "service"
    assert api.delete(path).body == {
        "opted_out": False,
        "purpose": None,
        "since": None,
        "source": "",
    }
