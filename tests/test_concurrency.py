"""Concurrent writers and readers, where no reader may see a state that never existed.

All changes are committed, by separate processes and threads.
"""

from __future__ import annotations

import contextlib
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from qunce.sets.rules import tree
from tests import factories, subprocess_runner
from tests.factories import AT

HERE = "tests.test_concurrency"
WRITERS = 2
EACH = 12
"""Members whom only one writer changes."""
EVERYONE = WRITERS * EACH
MOVES = 20
PAUSE = 0.02
"""Seconds between two checks of a reader, in which writers have the processor."""
RED, BLUE = {"tag": {"any": ["red"]}}, {"tag": {"any": ["blue"]}}

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def community() -> Community:
    """A community of which every second member is red, the others blue, and ten neither."""
    created = factories.community("busy")
    ids = factories.members(created, *(f"m{n}" for n in range(EVERYONE + 10)))
    for number, key in enumerate(("red", "blue")):
        factories.apply_tag(created, key, *ids[number:EVERYONE:2])
    return created


# What runs in the other processes


def move(key: str, writer: int, times: int) -> int:
    """Move this writer's members between red and blue, each time in one transaction."""
    community = communities.get(key)
    by = staff_models.system(community)
    red, blue = (library.get(community, name) for name in ("red", "blue"))
    keys = [f"m{writer * EACH + n}" for n in range(EACH)]
    mine = list(account_queries.find(community, keys).values())
    for turn in range(times):
        chosen = mine[turn % EACH :: 2]
        with transaction.atomic():
            # All writers lock red first, so that no two of them wait for each other.
            is_red = set(tagging_of(red, chosen))
            reddening = [account for account in chosen if account not in is_red]
            assignments.remove(tag=red, accounts=sorted(is_red), by=by, at=AT)
            assignments.apply(tag=red, accounts=reddening, by=by, at=AT)
            assignments.remove(tag=blue, accounts=reddening, by=by, at=AT)
            assignments.apply(tag=blue, accounts=sorted(is_red), by=by, at=AT)
    return times


def tagging_of(tag: tag_models.Tag, accounts: list[int]) -> list[int]:
    rows = tag.taggings.filter(account_id__in=accounts, present=True)
    return list(rows.values_list("account_id", flat=True))


def watch(key: str) -> int:
    """Check the state until the standard input is closed; returns how often."""
    community = communities.get(key)
    print("ready", flush=True)
    checks = 0
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        check_state(community)
        checks += 1
    return checks


def answer(key: str) -> int:
    """Count the members who match each rule that is read from standard input."""
    community = communities.get(key)
    print("ready", flush=True)
    answered = 0
    with contextlib.suppress(EOFError):
        while rule := input():
            print(count(community, tree.parse_json(rule)), flush=True)
            answered += 1
    return answered


# What is true for every reader at any time


def count(community: Community, rule: Any) -> int:
    by = staff_models.system(community)
    return audiences.count(community=community, rule=rule, by=by, at=AT)


def check_state(community: Community) -> None:
    by = staff_models.system(community)
    assert count(community, {"any": [RED, BLUE]}) == EVERYONE
    assert count(community, {"all": [RED, BLUE]}) == 0
    assert count(community, {"tag": {"none": ["red", "blue"]}}) == 10
    overlap = audiences.overlap(community=community, left=RED, right=BLUE, by=by, at=AT)
    assert (overlap.left + overlap.right, overlap.both) == (EVERYONE, 0)


@contextlib.contextmanager
def moving(community: Community, times: int = MOVES) -> Iterator[Callable[[], bool]]:
    """Start processes that move members; yields a function that returns whether one still runs."""
    writers = [
        subprocess_runner.start(f"{HERE}:move", community.key, number, times)
        for number in range(WRITERS)
    ]
    yield lambda: any(writer.poll() is None for writer in writers)
    assert [subprocess_runner.result(writer) for writer in writers] == [times] * WRITERS


def test_other_processes_and_threads_never_read_a_mixed_state(
    community: Community,
) -> None:
    """Threads share the caches of their process; another process has its own."""
    broken: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.wait(PAUSE):
                check_state(community)
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(3)]
    with subprocess_runner.running(f"{HERE}:watch", community.key) as watcher:
        assert watcher.stdout
        assert watcher.stdout.readline() == "ready\n"
        for reader in readers:
            reader.start()
        try:
            with moving(community) as busy:
                while busy() and not broken:
                    time.sleep(PAUSE)
        finally:
            done.set()
            for reader in readers:
                reader.join()
        assert broken == []
        check_state(community)
        assert subprocess_runner.result(watcher) > 0


def test_next_count_in_another_process_includes_a_new_tag(
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


def test_uncommitted_change_is_visible_only_to_its_writer(
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
