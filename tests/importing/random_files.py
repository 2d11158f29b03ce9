"""Random files of each kind about a few members."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    target: str
    text: str
    options: dict[str, Any] = field(default_factory=dict)


MEMBERS = [f"m{number}" for number in range(7)]
"""The first four are in the base, the others may be new."""
BASE = [
    File(
        "members",
        "key,name,phone,level,likes,tags\n"
        "m0,甲,13800138000,1,茶;糖,VIP\nm1,乙,13800138001,2,茶,\nm2,丙,,,,老客\n"
        "m3,丁,13800138003,4,,VIP\n",
    ),
    File(
        "memberships",
        "member_key,group_key,joined_at,left_at\n"
        "m0,g0,2026-01-02,\nm1,g0,2026-01-02,2026-01-20\nm2,g1,2026-01-03,\n",
    ),
    File("opt_outs", "member_key,opted_out\nm3,yes\n"),
    File("orders", "order_id,member_key,paid_at,total\no0,m0,2026-01-05,100\n"),
]
DAYS = ["2026-01-02", "2026-01-10", "2026-02-01", "2026-02-10", ""]


def members_file(r: random.Random) -> File:
    lines = ["key,name,phone,joined_at,left_at,level,likes,tags,groups,opted_out"]
    for key in r.sample(MEMBERS, r.randint(1, 5)):
        joined, left = r.choice([*DAYS[:2], ""]), r.choice(["", "", "2026-03-01"])
        phone = r.choice(["", "", f"1380013800{r.randint(0, 9)}"])
        cells = [key, r.choice(["", "甲", "新名"]), phone, joined, left]
        cells += [r.choice(["", "1", "2", "9"]), r.choice(["", "茶", "糖;咖啡"])]
        cells += [r.choice(["", "VIP", "老客;新客"]), r.choice(["", "g0", "g1;g2"])]
        lines.append(",".join([*cells, r.choice(["", "", "yes", "no"])]))
    options = {"identifiers": r.choice(["add", "replace"])}
    return File("members", "\n".join(lines) + "\n", options)


def memberships_file(r: random.Random) -> File:
    lines = ["member_key,group_key,joined_at,left_at,role"]
    for key in r.sample(MEMBERS, r.randint(1, 6)):
        for group in r.sample(["g0", "g1", "g2"], r.randint(1, 2)):
            joined, left = sorted(r.sample(DAYS[:4], 2))
            left = r.choice(["", left])
            role = r.choice(["", "owner"])
            lines.append(f"{key},{group},{r.choice(['', joined])},{left},{role}")
    return File("memberships", "\n".join(lines) + "\n")


def tags_file(r: random.Random) -> File:
    lines = ["member_key,tag,depth"]
    for key in r.sample(MEMBERS, r.randint(1, 6)):
        tag = r.choice(["VIP", "老客", "新客"])
        lines.append(f"{key},{tag},{r.choice(['1', '2', '0'])}")
    return File("tags", "\n".join(lines) + "\n")


def opt_outs_file(r: random.Random) -> File:
    lines = ["member_key,opted_out,opted_out_at"]
    for key in r.sample(MEMBERS, r.randint(1, 6)):
        lines.append(f"{key},{r.choice(['yes', 'no'])},{r.choice(DAYS)}")
    return File("opt_outs", "\n".join(lines) + "\n")


def orders_file(r: random.Random) -> File:
    lines = ["order_id,member_key,paid_at,total,refund_amount,category,remark"]
    for number in r.sample(range(5), r.randint(1, 4)):
        total = r.choice([50, 100])
        refund, category = r.choice([0, 0, 20]), r.choice(["tea", "cups"])
        member, day = r.choice(MEMBERS), r.choice(DAYS[:4])
        remark = r.choice(["", "x"])
        lines.append(f"o{number},{member},{day},{total},{refund},{category},{remark}")
    return File("orders", "\n".join(lines) + "\n")


KINDS: list[Callable[[random.Random], File]] = [
    members_file,
    memberships_file,
    tags_file,
    opt_outs_file,
    orders_file,
]
