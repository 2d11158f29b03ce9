"""Trains a model on samples; the same samples give the same model.

Two linear models of the same features are added, each divided by its spread: naive Bayes,
which needs few samples, and a logistic regression, which weighs n-grams that occur
together. Both see a text as its n-grams divided by the root of their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts at their first use
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.groups.moderation.classifier.model import Model, Quality
from qunce.groups.moderation.classifier.samples import Sample, Samples

LEAST_OF_EACH = 20
"""Samples of each kind without which nothing is learned."""
FOLDS = 5
SMOOTHING = 0.01
"""Added to the counts of naive Bayes."""
STRENGTH = 100.0
"""Inverse of the penalty on weights of the regression."""
MAX_FALSE_POSITIVE_RATE = 0.004

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


class TooFewSamples(errors.Refused):
    """A classifier needs settled cases of both kinds."""


@dataclass(frozen=True)
class _Linear:
    weights: Floats
    bias: float

    def measure(self, rows: scipy.sparse.csr_matrix) -> Floats:
        return np.asarray(rows @ self.weights + self.bias)


def train(
    samples: Samples, max_false_positive_rate: float = MAX_FALSE_POSITIVE_RATE
) -> Model:
    """The model of the samples. Raises TooFewSamples.

    The threshold is taken from folds on which a model was not trained, so that at most
    this share of wanted messages is over it.
    """
    wanted, unwanted = samples.count()
    if min(wanted, unwanted) < LEAST_OF_EACH:
        raise TooFewSamples(
            _(
                "Learning needs %(n)s settled cases of each kind; there are %(unwanted)s "
                "of unwanted messages and %(wanted)s of others."
            )
            % {"n": LEAST_OF_EACH, "unwanted": unwanted, "wanted": wanted}
        )
    ordered = [samples.by_key[key] for key in sorted(samples.by_key)]
    grams = np.unique(np.concatenate([sample.features for sample in ordered]))
    rows = _make_rows(ordered, grams)
    is_unwanted = np.array([sample.is_unwanted for sample in ordered])
    bayes, regression = _measure_unseen(rows, is_unwanted, _deal(ordered))
    scales = [float(np.std(each)) or 1.0 for each in (bayes, regression)]
    margins = bayes / scales[0] + regression / scales[1]
    threshold, quality = _choose_threshold(
        margins, is_unwanted, max_false_positive_rate
    )
    full = _fit_bayes(rows, is_unwanted), _fit_regression(rows, is_unwanted)
    weights = full[0].weights / scales[0] + full[1].weights / scales[1]
    bias = full[0].bias / scales[0] + full[1].bias / scales[1]
    return Model(grams, weights, float(bias), threshold, quality)


def _make_rows(
    ordered: Sequence[Sample], grams: npt.NDArray[np.uint32]
) -> scipy.sparse.csr_matrix:
    lengths = np.array([len(sample.features) for sample in ordered])
    columns = np.searchsorted(grams, np.concatenate([s.features for s in ordered]))
    values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return scipy.sparse.csr_matrix(
        (values, columns, starts), (len(ordered), len(grams))
    )


def _deal(ordered: Sequence[Sample]) -> npt.NDArray[np.int64]:
    """The fold of each sample; equal texts are in the same one."""
    return np.array([crc32(sample.features.tobytes()) % FOLDS for sample in ordered])


def _measure_unseen(
    rows: scipy.sparse.csr_matrix, is_unwanted: Booleans, folds: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """The margins of both models for each sample, without having seen it."""
    margins = np.zeros((2, len(is_unwanted)))
    for fold in range(FOLDS):
        seen, unseen = folds != fold, folds == fold
        if not unseen.any():
            continue
        for index, fit in enumerate((_fit_bayes, _fit_regression)):
            model = fit(rows[seen], is_unwanted[seen])
            margins[index, unseen] = model.measure(rows[unseen])
    return margins[0], margins[1]


def _fit_bayes(rows: scipy.sparse.csr_matrix, is_unwanted: Booleans) -> _Linear:
    """Logarithms of how much more often an n-gram occurs in unwanted texts."""
    ratio: Floats = np.zeros(rows.shape[1])
    for kind, sign in ((True, 1), (False, -1)):
        chosen = rows[is_unwanted == kind]
        counts = np.bincount(chosen.indices, minlength=rows.shape[1])
        ratio += sign * np.log((counts + SMOOTHING) / (chosen.shape[0] + 2 * SMOOTHING))
    unknown = np.bincount(rows.indices, minlength=rows.shape[1]) == 0
    ratio[unknown] = 0
    return _Linear(ratio, 0.0)


def _fit_regression(rows: scipy.sparse.csr_matrix, is_unwanted: Booleans) -> _Linear:
    signs = np.where(is_unwanted, 1.0, -1.0)
    columns = scipy.sparse.csr_matrix(rows.T)

    def lose(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[:-1], point[-1]
        margins = (rows @ weights + bias) * signs
        slopes = -signs / (1 + np.exp(np.clip(margins, -50, 50)))
        loss = np.logaddexp(0, -margins).sum() + weights @ weights / (2 * STRENGTH)
        return float(loss), np.append(
            columns @ slopes + weights / STRENGTH, slopes.sum()
        )

    found = scipy.optimize.minimize(
        lose,
        np.zeros(rows.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 50},
    )
    return _Linear(found.x[:-1], float(found.x[-1]))


def _choose_threshold(
    margins: Floats, is_unwanted: Booleans, max_rate: float
) -> tuple[float, Quality]:
    """A threshold that at most this share of wanted samples is over.

    It is the lowest of those, or rather in the middle between it and the next sample.
    """
    wanted = np.sort(margins[~is_unwanted])[::-1]
    lowest = float(wanted[min(int(max_rate * len(wanted)), len(wanted) - 1)])
    over = margins[margins > lowest]
    threshold = (lowest + float(over.min())) / 2 if len(over) else lowest
    found = int((margins[is_unwanted] > threshold).sum())
    alarms = int((wanted > threshold).sum())
    quality = Quality(int(is_unwanted.sum()), len(wanted), found, alarms)
    return threshold, quality
