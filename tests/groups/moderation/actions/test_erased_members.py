"""Actions on members who are erased before anything was done."""

from __future__ import annotations

import pytest

from qunce import reactions
from qunce.channels.channel_contract import ActionKind
from qunce.groups.moderation.actions import actions, executor
from qunce.groups.moderation.models import Action, ActionState
from qunce.members.accounts import erasure
from qunce.members.models import Account
from qunce.members.people import people
from tests import factories
from tests.groups.moderation.conftest import Chat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def plan_removal(chat: Chat, name: str) -> Action:
    (account,) = chat.join(name)
    return actions.plan(
        group=chat.group,
        kind=ActionKind.KICK,
        key=f"test:{name}",
        account=account,
        name=name,
        by=chat.by,
        at=chat.now,
    )


def test_waiting_removal_of_an_erased_member_is_cancelled(chat: Chat) -> None:
    """Between the erasure and the end of its work in the background, nobody is removed."""
    removal, other = plan_removal(chat, "xiu"), plan_removal(chat, "yan")
    assert removal.account_id is not None
    account = Account.objects.get(pk=removal.account_id)
    people.erase(account=account, by=chat.by, at=chat.now)
    before = len(factories.recorded_facts(chat.community, "moderation.action_failed"))
    assert executor.run_due(at=chat.now) == 1
    assert chat.done() == [f"kick {other.member}"]
    removal.refresh_from_db()
    assert (removal.state, removal.attempts) == (ActionState.CANCELLED, 0)
    after = len(factories.recorded_facts(chat.community, "moderation.action_failed"))
    assert after == before

    for consumer in reactions.CONSUMERS:
        consumer.catch_up(at=chat.now)
    erasure.scrub(str(account.pk), at=chat.now)
    assert list(Action.objects.values_list("pk", flat=True)) == [other.pk]
