"""Claims of actions by several processes at once, on committed data."""

from __future__ import annotations

from collections import Counter

import pytest

from qunce.channels.channel_contract import failed
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.models import Action, Mode
from qunce.groups.moderation.staff_decisions import case_decisions
from tests import threads
from tests.groups.moderation.conftest import Chat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
WORKERS = 3


@pytest.fixture
def planned(chat: Chat) -> list[int]:
    """Actions that staff have decided and nobody has begun."""
    chat.rule(Mode.PROPOSE)
    for case in [chat.caught(name) for name in ("eve", "bob", "mia")]:
        case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    return list(Action.objects.order_by("pk").values_list("pk", flat=True))


def test_each_action_is_claimed_by_one_of_several_workers(
    chat: Chat, planned: list[int]
) -> None:
    def work() -> list[int]:
        return [pk for pk in planned if executor.claim(pk, chat.now) is not None]

    results = threads.run(*[work] * WORKERS)

    claimed = Counter(pk for result in results for pk in result)
    assert claimed == dict.fromkeys(planned, 1)


def test_each_action_is_done_once_by_several_workers(
    chat: Chat, planned: list[int]
) -> None:
    def work() -> int:
        return executor.run_due(at=chat.now)

    results = threads.run(*[work] * WORKERS)

    assert sum(results) == len(planned) == len(set(chat.done()))
    assert len(chat.done()) == len(planned)
    assert set(Action.objects.values_list("state", flat=True)) == {"done"}


def test_a_worker_that_lost_its_lease_changes_nothing(
    chat: Chat, planned: list[int]
) -> None:
    first = executor.claim(planned[0], chat.now)
    chat.wait(minutes=3)
    second = executor.claim(planned[0], chat.now)
    assert first is not None and second is not None

    executor.complete(first, failed("late"), chat.now)
    assert Action.objects.get(pk=planned[0]).state == "running"
    executor.complete(second, executor.call(second, chat.now), chat.now)
    assert Action.objects.get(pk=planned[0]).state == "done"
