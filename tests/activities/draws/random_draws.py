"""Random draws as certificates, made by the product's pure functions without a database."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import Any

from qunce.activities.draws import drawing, draws, number_stream, ticket_tree
from qunce.activities.draws.verifier import FORMAT


def certificate(seed: int, *, most: int = 40) -> dict[str, Any]:
    """A draw with random tickets, prizes and public value, and sometimes a re-draw."""
    rng = random.Random(seed)  # noqa: S311 - it only has to be reproducible
    secret_seed = rng.randbytes(32)
    is_drand = rng.random() < 0.5
    terms: dict[str, Any] = {
        "draw": f"d{seed}",
        "name": rng.choice(
            ["周年抽奖", "<img onerror=x>", '𠮷“”\u2028 \\ "x"', "=HYPERLINK()"]
        ),
        "prizes": [
            {"name": f"奖 {n}", "count": rng.randint(1, 4)}
            for n in range(rng.randint(1, 3))
        ],
        "seed_hash": sha256(secret_seed).hexdigest(),
        "public_value": {"source": "drand"}
        if is_drand
        else {"source": "figure", "name": "双色球 3/5", "digits": 6},
    }
    draw_id = sha256(draws.to_json(terms).encode()).digest()
    secrets = [rng.randbytes(16) for _n in range(rng.randint(1, most))]
    tickets = sorted(
        (ticket_tree.leaf_of(draw_id, secret), secret) for secret in secrets
    )
    leaves = [leaf for leaf, _secret in tickets]
    people = [rng.randrange(len(tickets)) for _ticket in tickets]
    closing: dict[str, Any] = {
        "closed_at": "2026-03-05T12:00:00+00:00",
        "tickets": len(leaves),
        "people": len(set(people)),
        "removed": {"staff": rng.randint(0, 3)},
        "root": ticket_tree.root_of(leaves).hex(),
        "round": rng.randint(1, 10**7) if is_drand else None,
    }
    signature = rng.randbytes(48).hex() if is_drand else ""
    figure = f"{rng.randrange(10**6):06}"
    public = sha256(bytes.fromhex(signature)).digest() if is_drand else figure.encode()
    value = number_stream.value_of(
        root=bytes.fromhex(closing["root"]), seed=secret_seed, public_value=public
    )
    counts = [prize["count"] for prize in terms["prizes"]]
    drawn = drawing.draw(
        value=value, people=people, prizes=drawing.in_listed_order(counts)
    )
    for again in [row for row in drawn if row.prize is not None][: rng.randint(0, 2)]:
        drawn += drawing.draw(
            value=value,
            people=people,
            prizes=[again.prize or 0],
            drawn=drawn,
            instead_of=again.k,
        )
    sections = {
        "terms": terms,
        "closing": closing,
        "status": {"state": "drawn", "reason": "", "at": "2026-03-05T12:03:00+00:00"},
    }
    return {
        "format": FORMAT,
        **sections,
        "hashes": {
            name: sha256(draws.to_json(part).encode()).hexdigest()
            for name, part in sections.items()
        },
        "drawing": {
            "seed": secret_seed.hex(),
            "signature": signature,
            "public_value": public.hex() if is_drand else figure,
            "value": value.hex(),
        },
        "results": [_result(row, tickets) for row in drawn],
        "leaves": [leaf.hex() for leaf in leaves],
    }


def _result(row: drawing.Drawn, tickets: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    content = {"k": row.k, "index": row.index, "outcome": str(row.outcome)}
    if row.prize is None:
        return content
    return {
        **content,
        "prize": row.prize,
        "instead_of": row.instead_of,
        "secret": tickets[row.index][1].hex(),
    }


def changed_at(text: str, place: int) -> str:
    """The text with another character at a place, of the same kind where it can be."""
    old = text[place]
    for kind in ("0123456789", "abcdefghijklmnopqrstuvwxyz"):
        if old in kind:
            return (
                text[:place]
                + kind[(kind.index(old) + 1) % len(kind)]
                + text[place + 1 :]
            )
    return text[:place] + ("x" if old != "x" else "y") + text[place + 1 :]


def part_at(file: dict[str, Any], text: str, place: int) -> set[str]:
    """The parts that a verifier may name for a change at this place."""
    position = 1
    for name, content in file.items():
        position += len(f'"{name}":')
        start, position = position, position + len(draws.to_json(content)) + 1
        if start <= place < position - 1:
            return {
                "format": {"file"},
                "hashes": {"terms", "closing", "status", "file", "results"},
                "drawing": {"seed", "public value", "value", "file"},
            }.get(name, {name, "file"})
    return {"file"}
