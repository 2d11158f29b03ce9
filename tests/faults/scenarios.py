"""Scenarios of the crash tests: what runs before the kill, what is killed, what is after.

`before` and `after` run in the process that checks. `during` runs in the child that is
killed, as `python -m tests.faults.scenarios NAME FILE`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import django

KEY = "faulty"
ROWS = 2_000


@dataclass
class World:
    """The keys of the facts that must be in the log, and what the first round left."""

    file: Path
    keys: set[str] = field(default_factory=set)
    round: int = 0
    first: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Scenario:
    before: Callable[[World], None]
    during: Callable[[World], object]
    after: Callable[[World], None]


def do_nothing(_: World) -> None:
    """For scenarios without preparation."""


def catch_up(_: World) -> None:
    from qunce.sets.mirror import deriver

    deriver.catch_up()


# Importing a file


def write_file(world: World) -> None:
    """Facts with keys, a tenth of which were already in the last file."""
    world.round += 1
    old = sorted(world.keys)[-ROWS // 10 :]
    new = [f"{world.round}-{n}" for n in range(ROWS)]
    lines = [
        json.dumps(
            {
                "kind": "page.viewed",
                "member_key": f"m{random.randrange(300)}",  # noqa: S311
                "happened_at": f"2026-03-{n % 28 + 1:02}T{n % 24:02}:00:00Z",
                "payload": {"amount": n},
                "key": key,
            }
        )
        for n, key in enumerate([*old, *new])
    ]
    world.file.write_text("\n".join(lines) + "\n")
    world.keys |= set(new)


def import_file(world: World) -> None:
    """Run the command `qunce import FILE --as facts`, in many parts and batches."""
    from qunce.cli import main as cli
    from qunce.core import batch_writes
    from qunce.importing.targets.facts import spill

    spill.ROWS_PER_PART, batch_writes.MAX_ROWS = 300, 25

    arguments = [
        "import",
        str(world.file),
        "--as",
        "facts",
        "--community",
        KEY,
        "--json",
    ]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = cli.main(arguments)
    assert code == 0, output.getvalue()


def import_again(world: World) -> None:
    """Run the same command again, to its end."""
    from django.conf import settings

    import_file(world)
    catch_up(world)
    left = list((Path(settings.HOME) / "imports").glob("*"))
    assert not left, left


# Deriving


def write_facts(world: World) -> None:
    from qunce.core import communities
    from tests.sets import logs

    world.round += 1
    logs.write(communities.get(KEY), logs.sample_rows(ROWS, seed=world.round))


def derive(_: World) -> None:
    """Derive in many small steps, so that a kill can happen between any two of them."""
    from qunce.sets import log
    from qunce.sets.log import log_schema
    from qunce.sets.mirror import deriver

    log_schema.ROWS_PER_TABLE = 100
    limit = random.choice([10, 10**6])  # noqa: S311
    log.sqlite.MAX_ROWS_IN_PROCESS = log.postgresql.MAX_ROWS_IN_PROCESS = limit
    deriver.catch_up()


def write_and_derive(_: World) -> None:
    from qunce.core import communities
    from qunce.sets.mirror import deriver
    from tests.sets import logs

    shop = communities.get(KEY)
    for seed in range(40):
        logs.write(shop, logs.sample_rows(20, seed=seed))
        deriver.catch_up()


# Merging files of the mirror


def write_small_files(world: World) -> None:
    from qunce.core import communities
    from qunce.sets.mirror import deriver, mirror
    from tests.sets import logs

    world.round += 1
    shop, tiers = communities.get(KEY), mirror.TIER_SIZES
    mirror.TIER_SIZES = (0, 0, 0)
    for seed in range(12):
        logs.write(shop, logs.sample_rows(30, seed=seed))
        deriver.catch_up()
    mirror.TIER_SIZES = tiers


def merge(_: World) -> None:
    from qunce.sets.mirror import mirror

    mirror.MIN_FILES_PER_MERGE = 2
    mirror.MAX_MERGED_FACTS = 400
    mirror.merge()
    mirror.prune(mirror.position(), grace=0)


# Rebuilding and erasing


def rebuild(_: World) -> None:
    from qunce.sets.mirror import rebuild as rebuilding

    rebuilding.rebuild_all()


def write_facts_to_erase(world: World) -> None:
    from qunce.core import communities
    from qunce.sets.mirror import deriver
    from tests.sets import logs

    shop = communities.get(KEY)
    logs.write(shop, [logs.Row(n % 3, 9_000 + n % 40, hours=n) for n in range(200)])
    deriver.catch_up()
    world.round += 1


def erase(_: World) -> None:
    from qunce.sets.mirror import mirror_erasure

    mirror_erasure.erase(range(9_000, 9_040))


# Points: every change has a key, so that repeating all of them changes nothing twice

MEMBERS, CHANGES = 3, 12


def create_holders(world: World) -> None:
    """Create the members and the rule at first; each round has keys of its own."""
    from qunce.core import communities
    from tests import factories
    from tests.activities.points import builders

    shop = communities.get(KEY)
    if not world.round:
        factories.members(shop, *(f"holder-{n}" for n in range(MEMBERS)))
        builders.rule(shop, "orders", event="order", points=1, per_amount=10_00)
    world.round += 1
    world.file.write_text(str(world.round))


def change_points(world: World) -> None:
    """Earn 10, spend 4, undo every second spend, and refund a third of every third."""
    from qunce.activities.points import earning, expiry, reversals, rules, spending
    from qunce.activities.points.earning import Earning
    from qunce.core import communities
    from qunce.members.accounts import queries as account_queries
    from tests.factories import AT

    shop, number = communities.get(KEY), world.file.read_text()
    rule, day = rules.get_by_key(shop, "orders"), shop.day(AT)
    keys = [f"holder-{n}" for n in range(MEMBERS)]
    for account in account_queries.find(shop, keys).values():
        for change in range(CHANGES):
            key = f"{number}/{account}/{change}"
            earned = Earning(account, f"order/{key}", 10, day, 100_00, day, day + 9)
            earning.earn_many(
                community=shop, rule=rule, earnings=[earned], by=None, at=AT
            )
            spending.spend(account_id=account, amount=4, key=key, by=None, at=AT)
            if change % 2:
                spending.restore(community=shop, key=key, by=None, at=AT)
            if change % 3 == 0:
                reversals.reverse_order(
                    community=shop,
                    source_key=f"order/{key}",
                    refunded=33_33,
                    key=f"refund/{key}",
                    by=None,
                    at=AT,
                )
    expiry.expire_community(community=shop, at=AT)


def change_points_again(world: World) -> None:
    """Repeat all changes, after which every balance is what they add up to."""
    from qunce.activities.points import balances
    from qunce.core import communities
    from qunce.members.accounts import queries as account_queries
    from tests.factories import AT

    change_points(world)
    each = CHANGES * 10 - CHANGES // 2 * 4 - CHANGES // 3 * 3
    shop = communities.get(KEY)
    keys = [f"holder-{n}" for n in range(MEMBERS)]
    for account in account_queries.find(shop, keys).values():
        found = balances.balance(account_id=account, at=AT)
        assert (found.usable, found.owed) == (world.round * each, 0), found
    catch_up(world)


# Prizes: closing, drawing, claiming, returning and expiring


def publish_draw(world: World) -> None:
    from qunce.core import communities
    from tests.faults import prize_steps

    world.round += 1
    world.file.write_text(str(world.round))
    prize_steps.prepare(communities.get(KEY), world.round)


def hold_draw(world: World) -> None:
    from qunce.core import communities
    from tests.faults import prize_steps

    prize_steps.run(communities.get(KEY), int(world.file.read_text()))


def hold_draw_again(world: World) -> None:
    """Repeat all steps, after which each prize is with one winner."""
    from qunce.core import communities
    from tests.faults import prize_steps

    shop = communities.get(KEY)
    hold_draw(world)
    found = prize_steps.find_faults(shop, world.round)
    assert not found, found
    catch_up(world)


# Activities: an attempt of every member in each kind


def open_activities(world: World) -> None:
    from qunce.core import communities
    from tests.faults import activity_steps

    world.round += 1
    found = activity_steps.prepare(communities.get(KEY), world.round)
    world.file.write_text(json.dumps(found))


def take_part(world: World) -> None:
    from qunce.core import communities
    from tests.faults import activity_steps

    activity_steps.run(communities.get(KEY), json.loads(world.file.read_text()))


def take_part_again(world: World) -> None:
    """Repeat all attempts, after which a round is like the first, which is not killed."""
    from tests.faults import activity_steps

    take_part(world)
    found = activity_steps.count(json.loads(world.file.read_text()))
    world.first = world.first or found
    assert found == world.first, (found - world.first, world.first - found)
    catch_up(world)


SCENARIOS = {
    "import": Scenario(write_file, import_file, import_again),
    "catch-up": Scenario(write_facts, derive, catch_up),
    "merge": Scenario(write_small_files, merge, catch_up),
    "write": Scenario(do_nothing, write_and_derive, catch_up),
    "rebuild": Scenario(write_facts, rebuild, catch_up),
    "erase": Scenario(write_facts_to_erase, erase, erase),
    "points": Scenario(create_holders, change_points, change_points_again),
    "prizes": Scenario(publish_draw, hold_draw, hold_draw_again),
    "activities": Scenario(open_activities, take_part, take_part_again),
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from django.db import connections

    for database in connections.all():
        database.ensure_connection()
    from qunce.sets.mirror import deriver, mirror, mirror_erasure, rebuild  # noqa: F401 - loaded first

    print("ready", flush=True)
    SCENARIOS[sys.argv[1]].during(World(Path(sys.argv[2])))


if __name__ == "__main__":
    main()
