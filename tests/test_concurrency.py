"""Writers and readers at once: no reader ever sees a state that did not exist.

Everything here commits for real, in processes and threads of their own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections, transaction

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from qunce.sets.rules import tree
from tests import subprocess_runner

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
HERE = "tests.test_concurrency"
WRITERS = 4
EACH = 6
"""Members that a writer has to itself."""
EVERYONE = WRITERS * EACH
MOVES = 10
BREATH = 0.02
"""Seconds that a reader leaves the processor to the writers between two looks."""
RED, BLUE = {"tag": {"any": ["red"]}}, {"tag": {"any": ["blue"]}}

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def community() -> Community:
    """Members of whom the first half is red and the other one blue."""
    made = communities.create(key="busy", at=AT)
    by = staff_models.system(made)
    keys = [f"m{number}" for number in range(EVERYONE + 10)]
    known = accounts.ensure(community=made, keys=keys, by=by, at=AT)
    for number, key in enumerate(("red", "blue")):
        tag = library.create(community=made, key=key, by=by, at=AT)
        half = [known[f"m{n}"] for n in range(EVERYONE) if n % 2 == number]
        assignments.apply(tag=tag, accounts=half, by=by, at=AT)
    return made


# What runs in the other processes


def move(key: str, writer: int, times: int) -> int:
    """Move this writer's members between red and blue, each time in one transaction."""
    community = communities.get(key)
    by = staff_models.system(community)
    red, blue = (library.get(community, name) for name in ("red", "blue"))
    keys = [f"m{writer * EACH + n}" for n in range(EACH)]
    mine = list(account_queries.find(community, keys).values())
    for turn in range(times):
        some = mine[turn % EACH :: 2]
        with transaction.atomic():
            # Red first, always: so writers queue for it and never wait in a circle.
            is_red = set(tagging_of(red, some))
            reddening = [account for account in some if account not in is_red]
            assignments.remove(tag=red, accounts=sorted(is_red), by=by, at=AT)
            assignments.apply(tag=red, accounts=reddening, by=by, at=AT)
            assignments.remove(tag=blue, accounts=reddening, by=by, at=AT)
            assignments.apply(tag=blue, accounts=sorted(is_red), by=by, at=AT)
    return times


def tagging_of(tag: tag_models.Tag, some: list[int]) -> list[int]:
    carried = tag.taggings.filter(account_id__in=some, present=True)
    return list(carried.values_list("account_id", flat=True))


def watch(key: str, seconds: float) -> int:
    """Count until the time is over; returns how often."""
    community = communities.get(key)
    end, looks = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        look(community)
        looks += 1
        time.sleep(BREATH)
    return looks


def answer(key: str) -> int:
    """Count once for each line that comes in."""
    community = communities.get(key)
    print("ready", flush=True)
    answered = 0
    with contextlib.suppress(EOFError):
        while rule := input():
            print(count(community, tree.parse_json(rule)), flush=True)
            answered += 1
    return answered


# What every reader must see at any time


def count(community: Community, rule: Any) -> int:
    by = staff_models.system(community)
    return audiences.count(community=community, rule=rule, by=by, at=AT)


def look(community: Community) -> None:
    by = staff_models.system(community)
    assert count(community, {"any": [RED, BLUE]}) == EVERYONE
    assert count(community, {"all": [RED, BLUE]}) == 0
    assert count(community, {"tag": {"none": ["red", "blue"]}}) == 10
    overlap = audiences.overlap(community=community, left=RED, right=BLUE, by=by, at=AT)
    assert (overlap.left + overlap.right, overlap.both) == (EVERYONE, 0)


@contextlib.contextmanager
def moving(community: Community, times: int = MOVES) -> Iterator[Callable[[], bool]]:
    """Four processes that move members; tells whether they are still at it."""
    writers = [
        subprocess_runner.start(f"{HERE}:move", community.key, number, times)
        for number in range(WRITERS)
    ]
    yield lambda: any(writer.poll() is None for writer in writers)
    assert [subprocess_runner.result(writer) for writer in writers] == [times] * WRITERS


def test_readers_in_other_processes_see_only_states_that_existed(
    community: Community,
) -> None:
    watchers = [
        subprocess_runner.start(f"{HERE}:watch", community.key, 5.0) for _ in range(2)
    ]
    with moving(community) as busy:
        while busy():
            look(community)
            time.sleep(BREATH)
    look(community)
    assert all(subprocess_runner.result(watcher) > 0 for watcher in watchers)


def test_threads_that_share_the_caches_see_only_states_that_existed(
    community: Community,
) -> None:
    broken: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.wait(BREATH):
                look(community)
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        with moving(community) as busy:
            while busy() and not broken:
                time.sleep(BREATH)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert broken == []
    look(community)


def test_a_tag_is_counted_by_the_very_next_count_in_another_process(
    community: Community,
) -> None:
    by = staff_models.system(community)
    red = library.get(community, "red")
    free = [account_queries.find(community, [f"m{EVERYONE + n}"]) for n in range(10)]
    with subprocess_runner.running(f"{HERE}:answer", community.key) as other:
        assert other.stdin and other.stdout
        assert other.stdout.readline() == "ready\n"

        def ask() -> int:
            assert other.stdin and other.stdout
            print('{"tag": {"any": ["red"]}}', file=other.stdin, flush=True)
            return int(other.stdout.readline())

        before = ask()
        for number, member in enumerate(free, start=1):
            assignments.apply(tag=red, accounts=member.values(), by=by, at=AT)
            assert ask() == before + number
            assert count(community, RED) == before + number
        for member in free:
            assignments.remove(tag=red, accounts=member.values(), by=by, at=AT)
        assert ask() == before


def test_what_is_not_committed_is_seen_by_the_writer_alone(
    community: Community,
) -> None:
    by = staff_models.system(community)
    red = library.get(community, "red")
    before = count(community, RED)
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        assignments.apply(
            tag=red,
            accounts=account_queries.find(community, [f"m{EVERYONE}"]).values(),
            by=by,
            at=AT,
        )
        assert count(community, RED) == before + 1
        raise ZeroDivisionError
    assert count(community, RED) == before
    assignments.apply(
        tag=red,
        accounts=account_queries.find(community, [f"m{EVERYONE + 1}"]).values(),
        by=by,
        at=AT,
    )
    assert count(community, RED) == before + 1
