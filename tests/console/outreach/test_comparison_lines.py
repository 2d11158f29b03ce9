"""What a comparison of a campaign says in numbers."""

from __future__ import annotations

from qunce.console.outreach import comparison_lines
from qunce.insight.experiments.verdicts import Verdict
from qunce.outreach.campaigns.comparisons import Comparison, Side


def test_percents_and_points_are_rounded() -> None:
    compared = Comparison(
        treated=Side("", 44, 8),
        control=Side("", 8, 1),
        difference=5.68,
        low=-38.46,
        high=49.96,
        verdict=Verdict.OPEN,
        harmed=(),
    )
    line = comparison_lines.to_line(compared)
    assert line.sentence == (
        "18.2 % of 44 recipients ordered within 7 days, and 12.5 % of 8 members who "
        "were held out."
    )
    assert "5.7 points" in line.interval
    assert "between -38.5 and 50.0" in line.interval


def test_a_difference_that_is_not_that_of_the_shares_says_why() -> None:
    compared = Comparison(
        treated=Side("story", 17, 3),
        control=Side("", 18, 1),
        difference=1.4,
        low=-31.5,
        high=34.3,
        verdict=Verdict.OPEN,
        harmed=(),
    )
    line = comparison_lines.to_line(compared)
    assert "17.6 % of 17 members" in line.sentence
    assert line.interval == (
        "Allowing for what both groups ordered before, it made a difference of 1.4 "
        "points, with 95 % certainty between -31.5 and 34.3, however often you look."
    )
