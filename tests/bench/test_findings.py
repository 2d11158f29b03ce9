"""Findings in communities whose changes are known; `make bench` measures more of them."""

from __future__ import annotations

import numpy as np

from bench import finding_worlds


def test_shuffled_communities_rarely_have_a_finding() -> None:
    """At most 1 in 20 reports; 5 of 60 would be a bad accident of a right rate."""
    assert finding_worlds.count_false_reports(60, np.random.default_rng(4)) <= 5


def test_large_drops_are_found_in_the_right_group() -> None:
    quality = finding_worlds.measure(
        drop=0.5, reports=20, is_largest=False, rng=np.random.default_rng(4)
    )
    assert quality.recall >= 0.5
    assert quality.right_part >= 0.8


def test_drops_in_a_busy_group_are_found_in_the_right_group() -> None:
    quality = finding_worlds.measure(
        drop=0.3, reports=20, is_largest=True, rng=np.random.default_rng(4)
    )
    assert quality.recall >= 0.7
    assert quality.right_part >= 0.9
