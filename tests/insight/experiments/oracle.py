"""Asks tea-tasting and gbstats about `samples.people()`, and compares with `recorded_answers`.

`make oracles` runs it in a virtual environment of its own, because Qunce needs none of
what they install.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from tests.insight.experiments import samples
from tests.insight.experiments.recorded_answers import GBSTATS, TEA_TASTING
from tests.insight.experiments.samples import Person

Answers = dict[str, tuple[float, float]]
ALPHA = 0.05


def ask_tea_tasting() -> Answers:
    """Name → difference and statistic."""
    import pyarrow as pa
    import tea_tasting as tt

    people = samples.people()
    table = pa.table(
        {
            "variant": [int(person.treated) for person in people],
            **{
                field: [getattr(person, field) for person in people]
                for field in ("spend", "before")
            },
        }
    )
    experiment = tt.Experiment(
        {
            "spend": tt.Mean("spend"),
            "cuped": tt.Mean("spend", covariate="before"),
        }
    )
    answers = experiment.analyze(table)
    return {
        name: (answers[name].effect_size, answers[name].statistic)
        for name in ("spend", "cuped")
    }


def ask_gbstats() -> Answers:
    """Name → difference and statistic, and the two ends of sequential intervals."""
    from gbstats.frequentist.tests import (
        FrequentistConfig,
        SequentialConfig,
        SequentialTwoSidedTTest,
        TwoSidedTTest,
    )

    answers: Answers = {}
    fixed = FrequentistConfig(difference_type="absolute")
    for name, arms in (("spend", _arms()), ("cuped", _adjusted_arms())):
        test = TwoSidedTTest(*arms, fixed)
        answers[name] = test.point_estimate, test.critical_value
        for planned in samples.PLANNED_ERRORS:
            config = SequentialConfig(
                difference_type="absolute",
                sequential_tuning_parameter=_tuning(test.variance, planned),
            )
            sequential = SequentialTwoSidedTTest(*arms, config)
            low, high = sequential.confidence_interval
            answers[f"{name} planned {planned:g}"] = low, high
    return answers


def _tuning(variance: float, planned_error: float) -> float:
    """The number of people for which gbstats mixes with the same variance as we do.

    Its rho² is (s + log(s + 1)) / number, with s = −2 log alpha; ours is such that the
    interval is narrowest when the error of the difference is `planned_error`.
    """
    s = -2 * math.log(ALPHA)
    ours = variance / (planned_error**2 / (s + math.log(s) + 1))
    return samples.SIZE * (s + math.log(s + 1)) / ours


def _arms() -> list[Any]:
    """The control and the treated arm, as gbstats takes them."""
    return [_mean_of(_arm(treated), "spend") for treated in (False, True)]


def _adjusted_arms() -> list[Any]:
    from gbstats.models import statistics

    arms = [
        statistics.RegressionAdjustedStatistic(
            n=len(people),
            post_statistic=_mean_of(people, "spend"),
            pre_statistic=_mean_of(people, "before"),
            post_pre_sum_of_products=sum(each.spend * each.before for each in people),
            theta=0,
        )
        for people in (_arm(treated=False), _arm(treated=True))
    ]
    theta = statistics.compute_theta(*arms)
    for arm in arms:
        arm.theta = theta
    return arms


def _arm(treated: bool) -> list[Person]:
    return [person for person in samples.people() if person.treated == treated]


def _mean_of(people: list[Person], field: str) -> Any:
    from gbstats.models.statistics import SampleMeanStatistic

    values = [getattr(person, field) for person in people]
    squares = sum(value**2 for value in values)
    return SampleMeanStatistic(n=len(values), sum=sum(values), sum_squares=squares)


def main() -> int:
    wrong = 0
    for oracle, ask, recorded in (
        ("tea-tasting", ask_tea_tasting, TEA_TASTING),
        ("gbstats", ask_gbstats, GBSTATS),
    ):
        found = ask()
        for name in sorted(found.keys() | recorded.keys()):
            answer, ours = found.get(name), recorded.get(name)
            agrees = answer and ours and all(map(_is_close, ours, answer))
            wrong += not agrees
            print(
                f"{oracle}, {name}: {'agrees' if agrees else f'{ours}, not {answer}'}"
            )
    return min(wrong, 1)


def _is_close(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= 1e-9 * abs(theirs)


if __name__ == "__main__":
    sys.exit(main())
