"""V15: wishes with their voices, merged, answered to those who asked."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import permissions, timestamps
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import Wish, WishVoice
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach import wish_answers
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


def message(by: Staff, account: int, text: str) -> int:
    source = interned_names.ensure("source", by.community_id, ["log"])["log"]
    key = f"{account}-{text}"
    new = NewText(key, account, None, timestamps.to_micros(AT), text)
    message_texts.store(by.community, source, [new])
    return MessageText.objects.get(key=key).pk


def wish(by: Staff, title: str = "Oat milk", **fields: Any) -> Wish:
    return wishes.create(community=by.community, title=title, by=by, at=AT, **fields)


def test_members_are_counted_once_whatever_they_write(by: Staff) -> None:
    shop = by.community
    bob, bobby, cat = factories.members(shop, "bob", "bobby", "cat")
    made = wish(by, message=message(by, bob, "要燕麦奶"))
    wishes.add_voice(wish=made, message=message(by, bob, "真的要燕麦奶"), by=by, at=AT)
    wishes.add_voice(wish=made, account=bobby, by=by, at=AT)
    wishes.add_voice(wish=made, account=cat, by=by, at=AT)
    wishes.add_voice(wish=made, account=cat, by=by, at=AT)
    factories.merge(shop, "bob", "bobby")
    (counted,) = wishes.list_counted(by=by, at=AT)
    assert counted.members == 2
    assert WishVoice.objects.count() == 4
    assert len(factories.recorded_facts(shop, "wish.voiced")) == 4
    quotes = [
        voice.quote.text
        for voice in wishes.list_voices(wish=made, by=by, at=AT)
        if voice.quote
    ]
    assert sorted(quotes) == ["真的要燕麦奶", "要燕麦奶"]


def test_duplicates_are_merged_and_separated(by: Staff) -> None:
    bob, cat = factories.members(by.community, "bob", "cat")
    one, other = wish(by, account=bob), wish(by, "Oat", account=cat)
    wishes.add_voice(wish=other, account=bob, by=by, at=AT)
    wishes.merge(wish=other, into=one, by=by, at=AT)
    (counted,) = wishes.list_counted(by=by, at=AT)
    assert (counted.wish, counted.members) == (one, 2)
    with pytest.raises(wishes.WishIsMerged):
        wishes.change_state(wish=other, state="done", by=by, at=AT)
    wishes.separate(wish=other, by=by, at=AT)
    found = {each.wish: each.members for each in wishes.list_counted(by=by, at=AT)}
    assert found == {one: 1, other: 2}
    with pytest.raises(wishes.InvalidWish):
        wishes.merge(wish=one, into=one, by=by, at=AT)


def test_the_answer_is_a_draft_to_exactly_those_who_asked(by: Staff) -> None:
    shop = by.community
    bob, cat, _dan = factories.members(shop, "bob", "cat", "dan")
    made = wish(by, account=bob)
    with pytest.raises(wish_answers.NobodyToAnswer):
        wish_answers.draft(wish=made, by=by, at=LATER)
    wishes.update(wish=made, answer="Oat milk is {here}", by=by, at=AT)
    wishes.add_voice(wish=made, account=cat, by=by, at=AT)
    campaign = wish_answers.draft(wish=made, by=by, at=LATER)
    people = audiences.list_ids(community=shop, rule=campaign.rule, by=by, at=LATER)
    assert sorted(account_queries.keys_by_id(shop, people).values()) == ["bob", "cat"]
    assert (campaign.state, campaign.text) == ("draft", "Oat milk is {{here}}")
    with pytest.raises(wish_answers.NobodyToAnswer):
        wish_answers.draft(wish=made, by=by, at=LATER)


def test_two_who_answer_at_the_same_time_make_one_draft(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    made = wish(by, message=message(by, bob, "oat milk"))
    wishes.update(wish=made, answer="Soon", by=by, at=AT)
    first, second = Wish.objects.get(pk=made.pk), Wish.objects.get(pk=made.pk)
    draft = wish_answers.draft(wish=first, by=by, at=LATER)
    with pytest.raises(wish_answers.NobodyToAnswer, match=draft.key):
        wish_answers.draft(wish=second, by=by, at=LATER)
    assert Campaign.objects.count() == 1


def test_states_may_follow_in_any_order_and_are_facts(by: Staff) -> None:
    made = wish(by)
    for state in ("planned", "done", "doing", "declined", "new", "new"):
        wishes.change_state(wish=made, state=state, by=by, at=AT)
    assert len(factories.recorded_facts(by.community, "wish.state_changed")) == 5
    for fields in ({"state": "gone"}, {"state": ""}):
        with pytest.raises(wishes.InvalidWish):
            wishes.change_state(wish=made, by=by, at=AT, **fields)
    for wrong in ({"title": ""}, {"title": "x" * 121}, {"kind": "dream"}):
        with pytest.raises(wishes.InvalidWish):
            wishes.update(wish=made, by=by, at=AT, **wrong)


def test_viewers_read_and_scopes_hide_voices(by: Staff) -> None:
    shop = by.community
    bob, cat = factories.members(shop, "bob", "cat")
    made = wish(by, account=bob)
    wishes.add_voice(wish=made, account=cat, by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    assert wishes.list_counted(by=viewer, at=AT)[0].members == 2
    with pytest.raises(permissions.NotAllowed):
        wish(viewer)
    scope = {"members": {"keys": ["bob"]}}
    narrow = factories.staff(shop, "manager", "nar", scope=scope)
    assert wishes.list_people(wish=made, by=narrow, at=AT) == [bob]
    assert len(wishes.list_voices(wish=made, by=narrow, at=AT)) == 1
    with pytest.raises(account_queries.MemberNotFound):
        wishes.add_voice(wish=made, account=cat, by=narrow, at=AT)


def test_erased_members_have_no_voice(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    made = wish(by, account=bob)
    fact = factories.recorded_fact(shop, "member.erased", bob)
    wishes.clear_erased(community=shop, facts=[fact], at=AT)
    assert wishes.list_people(wish=made, by=by, at=AT) == []
