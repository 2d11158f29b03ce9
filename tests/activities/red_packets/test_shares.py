"""How a red packet is divided, by numbers alone."""

from __future__ import annotations

from hashlib import sha256
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.red_packets import shares


@given(
    seed=st.binary(min_size=32, max_size=32),
    count=st.integers(1, 60),
    minimum=st.integers(1, 50),
    more=st.integers(0, 5_000),
)
def test_shares_are_within_their_limits_and_add_up(
    seed: bytes, count: int, minimum: int, more: int
) -> None:
    total = count * minimum + more
    found = shares.divide(seed, total=total, shares=count, minimum=minimum)
    assert len(found) == count
    assert sum(found) == total
    assert min(found) >= minimum
    assert max(found) * count <= 2 * total
    assert found == shares.divide(seed, total=total, shares=count, minimum=minimum)


def test_the_first_share_is_as_good_as_the_last() -> None:
    packets = [
        shares.divide(
            sha256(str(n).encode()).digest(), total=1_000, shares=10, minimum=1
        )
        for n in range(3_000)
    ]
    for place in range(10):
        assert mean(packet[place] for packet in packets) == pytest.approx(100, abs=4)
    assert len({tuple(packet) for packet in packets}) == 3_000


@pytest.mark.parametrize(("count", "minimum"), [(0, 1), (3, 0), (101, 1), (3, 34)])
def test_an_impossible_packet_is_refused(count: int, minimum: int) -> None:
    with pytest.raises(ValueError, match="cannot be divided"):
        shares.divide(b"x" * 32, total=100, shares=count, minimum=minimum)


def test_equal_shares_where_nothing_else_is_possible() -> None:
    assert shares.divide(b"x" * 32, total=30, shares=3, minimum=10) == [10, 10, 10]
    assert shares.divide(b"x" * 32, total=7, shares=1, minimum=1) == [7]
