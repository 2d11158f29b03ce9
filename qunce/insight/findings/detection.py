"""Which of many cells changed, so that rarely any is named without a change. Pure.

A question is one change that would matter: fewer messages or active members of a group,
more leaves of it, fewer orders. A question may look at two metrics, which usually move
together: each of them and their sum are combined to one p-value (the Cauchy combination,
Liu and Xie 2020, which holds for tests that depend on each other). The questions are
compared by the procedure of Benjamini and Hochberg.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from qunce.insight.findings import rhythm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.insight.findings.rhythm import Counts, Window

    Floats = NDArray[np.float64]

FALSE_DISCOVERY_RATE = 0.03
"""The share of findings without a change, and of reports with one if nothing changed."""
LARGEST_P = 0.95
"""The Cauchy combination must not let one p-value of 1 outweigh all others."""
MAX_CORRELATION = 0.95


@dataclass(frozen=True)
class Question:
    """Metrics of the same rows that would change together, in one direction."""

    name: str
    direction: int
    metrics: dict[str, Counts]


@dataclass(frozen=True)
class Detection:
    """A question that was answered by yes for a row. `metric` changed most."""

    question: Question
    row: int
    metric: str
    p_value: float
    adjusted: float


@dataclass(frozen=True)
class Detections:
    """`asked` counts the questions, `not_enough` those without enough to compare with."""

    found: tuple[Detection, ...]
    asked: int
    not_enough: int


def detect(
    questions: Sequence[Question], *, rate: float = FALSE_DISCOVERY_RATE
) -> Detections:
    """The cells that changed, the least accidental first."""
    cells: list[tuple[Question, int, str, float]] = []
    not_enough = 0
    for question in questions:
        p_values, metrics = _answer(question)
        names = list(question.metrics)
        for row, (p_value, metric) in enumerate(zip(p_values, metrics, strict=True)):
            if np.isnan(p_value):
                not_enough += 1
            else:
                cells.append((question, row, names[metric], float(p_value)))
    if not cells:
        return Detections((), not_enough, not_enough)
    adjusted = scipy.stats.false_discovery_control([cell[3] for cell in cells])
    found = [
        Detection(question, row, metric, p_value, float(value))
        for (question, row, metric, p_value), value in zip(cells, adjusted, strict=True)
        if value <= rate
    ]
    found.sort(key=lambda one: one.p_value)
    return Detections(tuple(found), len(cells) + not_enough, not_enough)


def _answer(question: Question) -> tuple[Floats, NDArray[np.int64]]:
    """The p-value of each row, NaN without enough to say, and the metric that changed."""
    compared = [
        rhythm.compare(counts, direction=question.direction)
        for counts in question.metrics.values()
    ]
    scores, enough = [], []
    for windows in zip(*compared, strict=True):
        own = np.array([window.score for window in windows])
        is_enough = np.array([window.is_enough for window in windows])
        scores += list(own)
        enough += list(is_enough)
        if len(windows) == 2:
            scores.append(own.sum(axis=0) / np.sqrt(2 + 2 * _correlation(*windows)))
            enough.append(is_enough.all(axis=0))
    table, is_known = np.array(scores), np.array(enough)
    p_values = _combine(scipy.stats.norm.sf(table), is_known)
    own_scores = np.array(
        [
            np.max(
                [np.where(one.is_enough, one.score, -np.inf) for one in windows], axis=0
            )
            for windows in compared
        ]
    )
    return p_values, np.argmax(own_scores, axis=0)


def _correlation(one: Window, other: Window) -> Floats:
    """How much the noise of two metrics goes together, by row; rather too much."""
    products = (one.residuals * other.residuals).sum(axis=1)
    squares = (one.residuals**2).sum(axis=1) * (other.residuals**2).sum(axis=1)
    own = products / np.sqrt(np.maximum(squares, 1e-9))
    return np.asarray(np.clip(np.maximum(own, own.mean()), 0.0, MAX_CORRELATION))


def _combine(p_values: Floats, is_known: NDArray[np.bool_]) -> Floats:
    """The Cauchy combination of the known p-values of each column; NaN without any."""
    p_values = np.clip(p_values, 1e-300, LARGEST_P)
    numbers = is_known.sum(axis=0)
    total = np.where(is_known, 1 / np.tan(np.pi * p_values), 0.0).sum(axis=0)
    combined = np.arctan2(1.0, total / np.maximum(numbers, 1)) / np.pi
    return np.where(numbers > 0, combined, np.nan)
