"""New members are written by columns, exactly as they would be row by row."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qunce.core import batch_writes, db
from qunce.core.communities import Community
from qunce.importing import pipeline
from qunce.importing.plan.options import ALL_ROWS
from qunce.importing.targets.members import member_rows
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from tests import factories
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

HEADINGS = (
    "key,name,joined_at,left_at,phone,email,source,opted_out,tags,groups,"
    "spent,hobbies,member,since"
).split(",")
TYPES = {"spent": "number", "hobbies": "multi", "member": "bool", "since": "date"}
STORED = {
    "accounts": """
        SELECT key, channel, name, joined_at, left_at, rejoined_at, present
        FROM members_account WHERE community_id = %s""",
    "sources": """
        SELECT a.key, n.name FROM members_account a
        JOIN core_interned_name n ON n.id = a.source_id WHERE a.community_id = %s""",
    "identifiers": """
        SELECT a.key, i.kind, i.value, i.job_id IS NULL FROM members_identifier i
        JOIN members_account a ON a.id = i.account_id WHERE i.community_id = %s""",
    "values": """
        SELECT a.key, t.name, v.item, v.number, v.text, v.set_at, v.source, v.by_id IS NULL
        FROM members_attributevalue v JOIN members_account a ON a.id = v.account_id
        JOIN members_attribute t ON t.id = v.attribute_id
        WHERE v.present AND a.community_id = %s""",
    "taggings": """
        SELECT a.key, t.key, g.weight, g.tagged_at, g.source, g.expires_at,
            g.batch_id IS NULL, g.by_id IS NULL
        FROM members_tagging g JOIN members_account a ON a.id = g.account_id
        JOIN members_tag t ON t.id = g.tag_id WHERE g.present AND a.community_id = %s""",
    "memberships": """
        SELECT a.key, g.key, m.role, m.weight, m.joined_at, m.left_at
        FROM groups_membership m JOIN members_account a ON a.id = m.account_id
        JOIN groups_group g ON g.id = m.group_id WHERE m.present AND a.community_id = %s""",
    "opt-outs": """
        SELECT a.key FROM outreach_optout o
        JOIN members_account a ON a.id = o.account_id WHERE a.community_id = %s""",
    "facts": """
        SELECT a.key, k.name, g.key, f.happened_at, f.recorded_at,
            CASE WHEN k.name NOT IN ('member.merged', 'member.opted_out') THEN f.payload END
        FROM core_fact f JOIN core_interned_name k ON k.id = f.kind_id
        JOIN members_account a ON a.id = f.account_id
        LEFT JOIN groups_group g ON g.id = f.group_id WHERE a.community_id = %s""",
}


OF_PEOPLE = ("taggings", "facts")


def stored(community: Community) -> Counter[tuple[Any, ...]]:
    """What is stored about the members of a community, without ids.

    Of several accounts of a person, that which has a tag depends on who came first.
    """
    keys = account_queries.keys_by_id(
        community, [row[0] for row in db.rows("SELECT id FROM members_account")]
    )
    person_of = {
        keys[account]: min(keys[each] for each in accounts)
        for accounts in account_queries.accounts_by_person(keys).values()
        for account in accounts
    }
    return Counter(
        (name, person_of[key] if name in OF_PEOPLE else key, *row)
        for name, sql in STORED.items()
        for key, *row in db.rows(sql, [community.pk])
        # The key of an erased member is made of their id.
        if not key.startswith("erased")
    )


def some_row(number: int, rnd: random.Random) -> list[str]:
    maybe = rnd.random
    tags = rnd.sample(["new", "vip×3", "old", "old", "gold", "tea", "mint×0"], 3)
    return [
        f"{rnd.choice(['M', '会员-', 'm:'])}{number}",
        f"Ann {number}" if maybe() < 0.8 else "",
        f"2026-01-{rnd.randrange(1, 29):02d} 09:00" if maybe() < 0.8 else "",
        f"2026-02-{rnd.randrange(1, 29):02d} 10:00" if maybe() < 0.1 else "",
        f"138{rnd.randrange(120):08d}" if maybe() < 0.7 else "",
        f"m{number}@shop.cn" if maybe() < 0.3 else "",
        rnd.choice(["", "扫码", "shop"]),
        rnd.choice(["", "", "no", "yes"]),
        ";".join(tags) if maybe() < 0.8 else "",
        rnd.choice(["", "G1", "G1;G2", "Group one;G1"]),
        rnd.choice(["", "12.5", "-3", "0.00005", "99999.12345"]),
        rnd.choice(["", "chess;tea", "tea", "golf;chess;tea"]),
        rnd.choice(["", "true", "false"]),
        rnd.choice(["", "2025-02-03"]),
    ]


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return path


def prepared(key: str) -> Community:
    """A community with a known member, an erased one and an exclusive group of tags."""
    community = factories.community(key)
    owner = factories.staff(community, login=f"{key}-ann")
    factories.group(community, "G1", name="Group one")
    exclusive = tag_groups.create(
        community=community, key="level", by=owner, at=AT, exclusive=True
    )
    for key in ("gold", "silver"):
        library.create(community=community, key=key, group=exclusive, by=owner, at=AT)
    for name in ("known", "erased"):
        accounts.create(
            community=community,
            key=f"M{name}",
            by=owner,
            at=AT,
            identifiers={"phone": "13800000007" if name == "known" else "13900000001"},
        )
    erased = account_queries.get(community, "Merased")
    people.erase(account=erased, by=owner, at=AT)
    return community


def run(community: Community, path: Path) -> dict[str, int]:
    answers = {f"type:{name}": type_ for name, type_ in TYPES.items()}
    answers["shared:phone"] = "join"
    done = helpers.run(community, path, "members", mode=ALL_ROWS, answers=answers)
    return done.job.counts


@pytest.mark.parametrize("seed", range(3))
def test_columns_store_what_rows_store(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)  # noqa: S311
    rows = [some_row(number, rnd) for number in range(90)]
    rows[40][4], rows[41][0] = "13900000001", "Mknown"
    # Members with two rows take the way of single rows.
    doubled = [row for row in rows for _number in range(2)]
    once, twice = prepared("once"), prepared("twice")
    counts = run(once, write(tmp_path / "once.csv", rows))
    counts_twice = run(twice, write(tmp_path / "twice.csv", doubled))
    assert counts["members"] == counts_twice["members"] > 80
    one, other = stored(once), stored(twice)
    assert (one - other, other - one) == (Counter(), Counter())


def test_same_file_again_changes_nothing(tmp_path: Path) -> None:
    rnd = random.Random(5)  # noqa: S311
    path = write(tmp_path / "a.csv", [some_row(number, rnd) for number in range(60)])
    shop = prepared("shop")
    run(shop, path)
    before = stored(shop)
    path.write_text(path.read_text() + "\n")
    assert run(shop, path)["members"] == 0
    assert stored(shop) == before


def test_member_created_while_the_import_runs_is_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 10)
    rows = [[f"M{n}", "Ann", *[""] * 12] for n in range(40)]
    rows[30][4], rows[31][4] = "13800138000", "13800138001"
    shop = prepared("shop")
    owner = factories.staff(shop, login="eve")
    plan = helpers.plan(shop, write(tmp_path / "a.csv", rows), "members", mode=ALL_ROWS)

    def interfere(phase: str, done: int, _expected: int) -> None:
        if phase == pipeline.WRITING and done == 10:
            accounts.create(community=shop, key="M25", by=owner, at=LATER)
            accounts.create(
                community=shop,
                key="other",
                by=owner,
                at=LATER,
                identifiers={"phone": "13800138000"},
            )

    counts = pipeline.run(plan, progress=interfere).job.counts
    assert counts["members"] == 39
    keys = [row[0] for row in db.rows("SELECT key FROM members_account")]
    assert len(keys) == len(set(keys))
    persons = account_queries.person_ids(
        [account_queries.get(shop, key).pk for key in ("other", "M30", "M31")]
    )
    assert len(set(persons.values())) == 2


def test_batches_are_cut_by_what_their_rows_cost() -> None:
    cut: list[tuple[int, int]] = []
    costs = np.cumsum([1, 1, 1, 25, 25, 1, 1, 1, 1])
    batch_writes.write(
        len(costs),
        prepare=lambda start, end: cut.append((start, end)),
        commit=lambda _batch, _end: None,
        sizer=batch_writes.BatchSizer(rows=4, min_rows=4, max_rows=4),
        costs=costs,
    )
    assert cut == [(0, 3), (3, 4), (4, 5), (5, 9)]


def test_rows_of_a_member_are_one(shop: Community, tmp_path: Path) -> None:
    text = "key,name,tags\na,Ann,x\nb,Bob,\na,Anna,y\n"
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "members")
    (chunk,) = plan.target.chunks(plan)
    rows = member_rows.MemberRows.of_chunk(chunk)
    assert rows.counts.tolist() == [2, 1]
    first, second = rows.read([0, 1])
    assert (first["name"], first["replaced"], second["name"]) == ("Anna", True, "Bob")
