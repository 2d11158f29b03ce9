"""Candidates from policy rooms and pasted lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.lists import candidates, lists
from qunce.groups.lists.models import ListEntry, ListName
from qunce.members.people import staff_accounts
from tests import factories
from tests.factories import AT


def rule(entity: str, reason: str = "spam", **fields: Any) -> dict[str, Any]:
    content = {"entity": entity, "reason": reason, "recommendation": "m.ban"}
    event = {"type": "m.policy.rule.user", "state_key": entity, "content": content}
    return {**event, **fields}


def test_policy_events_name_users_to_ban() -> None:
    found = candidates.read_policy_events(
        [
            rule("@spam:evil.org", "adverts"),
            rule("@old:evil.org"),
            {"type": "m.policy.rule.user", "state_key": "@old:evil.org", "content": {}},
            rule("@note:evil.org")
            | {"content": {"entity": "@note:evil.org", "recommendation": "m.note"}},
            rule("evil.org", type="m.policy.rule.server"),
            rule("@*:evil.org"),
            "nonsense",
        ]
    )
    assert [(each.channel_key, each.reason) for each in found] == [
        ("@spam:evil.org", "adverts"),
        ("@*:evil.org", "spam"),
    ]
    assert "pattern" in found[1].problem


def test_lines_have_an_id_and_a_reason() -> None:
    found = candidates.read_lines('a1,adverts\n\n"b,2",rude\nc3\n', channel="wechat")
    assert [(each.channel_key, each.reason) for each in found] == [
        ("a1", "adverts"),
        ("b,2", "rude"),
        ("c3", ""),
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = candidates.read_lines(text, channel="wechat")
    except candidates.InvalidCandidates:
        return
    assert all(each.channel_key.strip() for each in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "content", "entity", "state_key", "reason"])
                | st.text(max_size=5),
                inner | st.just("m.policy.rule.user"),
                max_size=5,
            )
        ),
        max_leaves=15,
    )
)
def test_any_json_is_read_or_refused(events: Any) -> None:
    try:
        found = candidates.read_policy_events(events)
    except candidates.InvalidCandidates:
        assert not isinstance(events, list)
        return
    assert all(isinstance(each.channel_key, str) for each in found)


@pytest.fixture
def owner(db: None) -> Staff:
    return factories.staff(factories.community())


@pytest.fixture
def shop(owner: Staff) -> Community:
    return owner.community


def test_preview_says_whom_each_candidate_means(shop: Community, owner: Staff) -> None:
    known = factories.member(shop, "@spam:evil.org", channel="matrix", name="Spam").pk
    helper = factories.member(shop, "@bot:own.org", channel="matrix").pk
    listed = factories.member(shop, "@listed:evil.org", channel="matrix").pk
    factories.group(shop, "north", known)
    staff_accounts.mark(accounts=[helper], by=owner, at=AT)
    lists.add(community=shop, list_name="black", account=listed, by=owner, at=AT)
    read = candidates.read_policy_events(
        [
            rule("@spam:evil.org"),
            rule("@bot:own.org"),
            rule("@listed:evil.org"),
            rule("@later:evil.org"),
        ]
    )
    shown = candidates.preview(read, list_name=ListName.BLACK, by=owner, at=AT)
    rows = {row.candidate.channel_key: row for row in shown.rows}
    assert [group.key for group in rows["@spam:evil.org"].groups] == ["north"]
    assert rows["@spam:evil.org"].name == "Spam"
    assert rows["@bot:own.org"].problem == "works here"
    assert rows["@listed:evil.org"].problem == "is on the list already"
    assert rows["@later:evil.org"].account is None
    assert len(shown.addable) == 2
    added, left_out = candidates.add_all(
        read, list_name=ListName.BLACK, by=owner, at=AT
    )
    assert (len(added), left_out) == (2, 2)
    assert ListEntry.objects.filter(channel_key="@later:evil.org").exists()
    assert lists.is_blacklisted(account=known, at=AT)


def test_too_many_lines_are_refused() -> None:
    text = "\n".join(map(str, range(candidates.MAX_CANDIDATES + 1)))
    with pytest.raises(candidates.TooManyCandidates, match="5,001"):
        candidates.read_lines(text, channel="wechat")
