"""A message whose variable has no value and no fallback is not sent (journeys, row 28)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.channels import channel_contract
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.outreach import skip_reasons
from qunce.outreach.sending import channel_sending, messages
from tests import factories
from tests.factories import AT

VALUES: dict[str, dict[str, str]] = {
    "nobody": {},
    "ann": {"name": "Ann"},
    "spaces": {"name": "  ", "attr:city": "Xi’an"},
    "bob": {"name": "Bob", "attr:city": "Jinan", "attr:title": "Dr"},
    "cat": {"attr:title": "Ms", "tag:tier": "Gold"},
    "dan": {"name": "Dan", "tag:tier": "Silver"},
}
"""What is known of each member. The channel sends, so that {staff} has no value."""
NAMES = st.sampled_from(("name", "staff", "attr:city", "attr:title", "tag:tier"))
FALLBACKS = st.none() | st.sampled_from(("friend", "您"))
PARTS = st.lists(
    st.sampled_from((" and ", "亲爱的 ", ", ")) | st.tuples(NAMES, FALLBACKS),
    max_size=5,
)
Part = str | tuple[str, str | None]


@pytest.fixture
def fake() -> Iterator[FakeChannel]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield channel
    channel_contract.unregister(channel.name)


def create_members(shop: Community, by: Staff) -> dict[str, int]:
    ids = {
        key: factories.member(shop, key, name=known.get("name", ""), channel="fake").pk
        for key, known in VALUES.items()
    }
    group = factories.tag_group(shop, "tier")
    for name in ("Gold", "Silver"):
        factories.tag(shop, name.lower(), group, name=name)
    for name in ("city", "title"):
        attributes.define(community=shop, name=name, type="text", by=by, at=AT)
    for key, known in VALUES.items():
        for variable, value in known.items():
            kind, _colon, name = variable.partition(":")
            if kind == "tag":
                factories.apply_tag(shop, value.lower(), ids[key])
            elif kind == "attr":
                attribute = attributes.get(shop, name)
                attributes.set_values(
                    attribute=attribute, values={ids[key]: value}, by=by, at=AT
                )
    return ids


def written(parts: list[Part]) -> str:
    """The text as an operator writes it."""
    texts = [
        part
        if isinstance(part, str)
        else f"{{{part[0]}}}"
        if part[1] is None
        else f"{{{part[0]}|{part[1]}}}"
        for part in parts
    ]
    return "To " + "".join(texts) + "!"


def expected(parts: list[Part], known: dict[str, str]) -> str | None:
    """What a member gets, None if a place in it would be empty."""
    text = "To "
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        value = known.get(part[0], "").strip() or part[1]
        if value is None:
            return None
        text += value
    return text + "!"


def test_no_message_has_an_empty_place(
    shop: Community, by: Staff, fake: FakeChannel
) -> None:
    ids, numbers = create_members(shop, by), count(1)

    @settings(max_examples=settings().max_examples // 3)
    @given(PARTS)
    def check(parts: list[Part]) -> None:
        texts = {key: expected(parts, known) for key, known in VALUES.items()}
        drafts = [
            messages.Draft(
                origin=messages.Origin.PLAYBOOK,
                origin_id=next(numbers),
                account=account,
                text=written(parts),
                purpose=messages.Purpose.SERVICE,
                channel="fake",
            )
            for account in ids.values()
        ]
        with transaction.atomic():
            rows = messages.request_many(drafts, community=shop, at=AT)
        for (key, text), row in zip(texts.items(), rows, strict=True):
            if text is None:
                assert (row.state, row.reason, row.text) == (
                    "skipped",
                    skip_reasons.NO_VALUE,
                    "",
                ), key
            else:
                assert (row.state, row.text) == ("planned", text), key
        campaign = factories.started_campaign(
            by, text=written(parts), channel="fake", staff=[], purpose="service"
        )
        fake.delivered.clear()
        channel_sending.send_due(at=AT)
        states = factories.recipient_states(campaign)
        assert states == {
            key: "delivered" if text is not None else "skipped: no_value"
            for key, text in texts.items()
        }
        to_all = {(message.to, message.text) for message in fake.delivered}
        assert to_all == {(key, text) for key, text in texts.items() if text}

    check()
