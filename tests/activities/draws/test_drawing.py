"""The pure parts of a draw, against slow and obvious oracles."""

from __future__ import annotations

import random
import sys
from collections import Counter
from hashlib import sha256

from qunce.activities.draws import drand, drawing, number_stream, ticket_tree
from qunce.activities.draws.drawing import Outcome
from tests.shares import IS_EXACT

SIGNATURE = (
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125"
    "e342b73a8dd2bacbe47e4b6b63ed5e39"
)
CASES = 2_000 if IS_EXACT else 100


def tree_of_rfc_6962(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = tree_of_rfc_6962(leaves[:split]), tree_of_rfc_6962(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


def test_root_is_that_of_rfc_6962_and_every_path_leads_to_it() -> None:
    for count in range(34):
        leaves = [sha256(bytes([n])).digest() for n in range(count)]
        root = ticket_tree.root_of(leaves)
        assert root == tree_of_rfc_6962(leaves)
        paths = ticket_tree.paths_of(leaves, range(count))
        for leaf, path in zip(leaves, paths, strict=True):
            assert ticket_tree.root_by_path(leaf, path) == root


def slow_draw(
    value: bytes, people: list[int], prizes: list[int]
) -> list[tuple[int, int, int]]:
    """k, index and prize of the winners, by trying one index after the other."""
    winners: list[tuple[int, int, int]] = []
    k = 0
    for prize in prizes:
        while True:
            if len({people[index] for _k, index, _prize in winners}) == len(
                set(people)
            ):
                return winners
            index = number_stream.index_at(value, k, len(people))
            k += 1
            if people[index] not in {people[won] for _k, won, _prize in winners}:
                winners.append((k - 1, index, prize))
                break
    return winners


def test_winners_are_those_of_the_slow_oracle() -> None:
    for case in range(CASES):
        rng = random.Random(case)  # noqa: S311
        people = [rng.randrange(8) for _ticket in range(rng.randint(1, 20))]
        prizes = drawing.in_listed_order([rng.randint(1, 3), rng.randint(1, 3)])
        value = rng.randbytes(32)
        drawn = drawing.draw(value=value, people=people, prizes=prizes)
        won = [
            (row.k, row.index, row.prize) for row in drawn if row.outcome == Outcome.WON
        ]
        assert won == slow_draw(value, people, prizes)
        assert [row.k for row in drawn] == list(range(len(drawn)))


def test_re_draw_continues_the_stream_and_passes_over_earlier_winners() -> None:
    people = [1, 1, 2, 3, 4]
    value = sha256(b"again").digest()
    first = drawing.draw(value=value, people=people, prizes=[0, 1])
    again = drawing.draw(
        value=value, people=people, prizes=[0], drawn=first, instead_of=first[0].k
    )
    longer = drawing.draw(value=value, people=people, prizes=[0, 1, 0])
    assert [row.index for row in first + again] == [row.index for row in longer]
    assert again[0].k == first[-1].k + 1
    assert again[-1].instead_of == 0
    assert people[again[-1].index] not in {people[row.index] for row in first}
    everybody = drawing.draw(value=value, people=people, prizes=[0] * 9)
    assert not drawing.draw(value=value, people=people, prizes=[0], drawn=everybody)


def test_every_ticket_has_the_same_chance() -> None:
    """χ² with 99 degrees of freedom, over 100,000 draws from 100 tickets."""
    draws, tickets = 100_000, 100
    value = sha256(b"fixed").digest()
    counts = Counter(number_stream.index_at(value, k, tickets) for k in range(draws))
    expected = draws / tickets
    chi = sum((counts[n] - expected) ** 2 / expected for n in range(tickets))
    # The quantile at 0.99, so that p > 0.01; far too even would be wrong, too.
    assert 69.2 < chi < 134.6


def test_drand_signature_is_accepted_for_its_own_round_only() -> None:
    assert drand.is_valid(number=1000, signature=SIGNATURE)
    # Nested JSON would overflow the stack with the limit that py-ecc sets.
    assert sys.getrecursionlimit() < 10_000
    assert not drand.is_valid(number=1001, signature=SIGNATURE)
    assert not drand.is_valid(number=1000, signature=SIGNATURE[:-1] + "8")
    infinity = "c0" + "00" * 47
    assert not drand.is_valid(number=1000, signature=infinity)
    assert drand.value_of(SIGNATURE).startswith("fe290beca10872ef")


def test_round_is_the_first_one_due_two_minutes_after_closing() -> None:
    due = drand.due_at(1000)
    assert drand.round_after(due - drand.MARGIN) == 1000
    assert drand.round_after(due - drand.MARGIN + drand.PERIOD / 3) == 1001
    assert drand.round_after(due - drand.MARGIN - drand.PERIOD / 3) == 1000
