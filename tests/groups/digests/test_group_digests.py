"""The digest of a group's day is made of what staff may read, and names its messages."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.core import permissions, timestamps
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups.digests import group_digests
from qunce.groups.groups import GroupNotFound
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.people import staff_accounts
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


def write(by: Staff, group: int, account: int, text: str, at: datetime = AT) -> None:
    source = interned_names.ensure("source", by.community_id, ["log"])["log"]
    moment = timestamps.to_micros(at)
    new = NewText(f"{account}-{text}-{moment}", account, group, moment, text)
    message_texts.store(by.community, source, [new])


def test_a_digest_has_what_nobody_answered(by: Staff) -> None:
    shop = by.community
    bob, cat, wang = factories.members(shop, "bob", "cat", "wang")
    staff_accounts.mark(accounts=[wang], by=by, at=AT)
    group = factories.group(shop, "north", bob, cat)
    write(by, group.pk, bob, "周末几点开门？")
    write(by, group.pk, cat, "杯子碎了", AT + timedelta(minutes=50))
    write(by, group.pk, wang, "我明天给您答复", AT + timedelta(minutes=55))
    day, later = shop.day(AT), AT + timedelta(days=2)
    found = group_digests.load(group=group.pk, day=day, by=by, at=later)
    assert [each.line.text for each in found.questions] == ["周末几点开门？"]
    assert [each.topic for each in found.complaints] == ["quality"]
    assert [each.state for each in found.promises] == ["broken"]
    assert (found.messages, found.people, found.staff_messages) == (3, 2, 1)
    scope = {"members": {"keys": ["cat"]}}
    narrow = factories.staff(shop, "manager", "nar", scope=scope)
    seen = group_digests.load(group=group.pk, day=day, by=narrow, at=later)
    assert seen.questions == []
    assert len(seen.complaints) == 1


def test_who_may_not_read_gets_nothing(by: Staff) -> None:
    shop = by.community
    group, south = factories.group(shop, "north"), factories.group(shop, "south")
    day = shop.day(AT)
    limited = factories.staff(shop, "manager", "lim", groups=["south"])
    with pytest.raises(GroupNotFound):
        group_digests.load(group=group.pk, day=day, by=limited, at=AT)
    assert group_digests.load(group=south.pk, day=day, by=limited, at=AT).is_empty
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        group_digests.load(group=group.pk, day=day, by=viewer, at=AT)
    for wrong in (day + 1, day - 181):
        with pytest.raises(group_digests.InvalidDay):
            group_digests.load(group=group.pk, day=wrong, by=by, at=AT)
