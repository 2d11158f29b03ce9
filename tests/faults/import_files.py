"""Files of each import target for the crash tests, with the awkward rows that imports meet.

Members appear by several references, some of which name a member whom an earlier row
creates, so that what is known differs between a first and a resumed run.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Rows = Iterator[list[Any]]
EFFECTIVE = {3: "group.joined", 5: "group.left", 7: "member.opted_out"}


def members(rng: random.Random, rows: int) -> Rows:
    yield ["member_key", "name", "phone", "joined_at", "tags", "groups", "shoe size"]
    for n in range(rows):
        # A few phones belong to two keys, which joins their accounts.
        number = n if n % 50 else n + 1
        yield [
            f"M{rng.randrange(rows)}",
            f"Name {number}",
            f"138{number:08}",
            day(n),
            f"t{n % 7};t{n % 11}",
            f"g{n % 5}",
            n % 40,
        ]


def tags(rng: random.Random, rows: int) -> Rows:
    yield ["member_key", "phone", "tag", "depth", "tagged_at"]
    for n in range(rows):
        key, phone = reference(rng, n)
        yield [key, phone, f"t{n % 23}", ["", "2", "+1"][n % 3], day(n)]


def memberships(rng: random.Random, rows: int) -> Rows:
    yield ["group_key", "member_key", "phone", "joined_at", "left_at", "role"]
    for n in range(rows):
        key, phone = reference(rng, n)
        left = day(n + 2) if n % 3 else ""
        yield [f"g{n % 40}", key, phone, day(n), left, "member"]


def orders(rng: random.Random, rows: int) -> Rows:
    """Orders of one or two lines, of which some were refunded."""
    yield [
        *("order_id", "member_key", "phone", "paid_at", "line_amount", "refund_amount"),
        *("product_name", "quantity"),
    ]
    last: list[Any] = []
    for n in range(rows):
        key, phone = reference(rng, n)
        refunded = "1.50" if not n % 13 else ""
        order = [f"O{n}", key, phone, day(n), f"{n % 900 + 10}.25", refunded]
        # The second line of an order repeats what the order is.
        if last and not n % 5:
            order = [*last[:4], f"{n % 90 + 5}.75", ""]
        last = order
        yield [*order, f"Coffee {n % 30}", n % 3 + 1]


def opt_outs(rng: random.Random, rows: int) -> Rows:
    yield ["member_key", "phone", "opted_out_at", "reason"]
    for n in range(rows):
        key, phone = reference(rng, n)
        yield [key, phone, day(n), "asked us"]


def facts(rng: random.Random, rows: int) -> Rows:
    yield ["kind", "member_key", "phone", "group_key", "happened_at", "payload", "key"]
    for n in range(rows):
        key, phone = reference(rng, n)
        payload = json.dumps({"n": n})
        # Every twentieth fact comes twice.
        number = n - 1 if not n % 20 and n else n
        # Some take effect on members and groups.
        kind = EFFECTIVE.get(n % 40, "page.viewed")
        yield [kind, key, phone, f"g{n % 9}", day(n), payload, f"F{number}"]


TARGETS: dict[str, Callable[[random.Random, int], Rows]] = {
    "members": members,
    "tags": tags,
    "memberships": memberships,
    "orders": orders,
    "facts": facts,
    "opt_outs": opt_outs,
}


def day(n: int) -> str:
    return f"2026-{n % 4 + 1:02}-{n // 4 % 28 + 1:02} {n % 24:02}:{n % 60:02}:00"


def reference(rng: random.Random, n: int) -> tuple[str, str]:
    """A member's key, their phone, or both."""
    member = rng.randrange(20_000)
    key, phone = f"M{member}", f"139{member:08}"
    return [(key, ""), ("", phone), (key, "")][n % 3] if n % 97 else (key, phone)


def write(target: str, path: Path, rows: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - not a secret
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(TARGETS[target](rng, rows))
