"""A trained model: a weight for each n-gram, and a threshold."""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from qunce.core import errors
from qunce.groups.moderation.classifier import features
from qunce.groups.moderation.classifier.features import Features
from qunce.groups.moderation.contents.normalisation import Level, Normalised

MAX_SHOWN = 3
"""Parts of a text that explain a score."""


class ModelDamaged(errors.Invalid):
    """A stored model cannot be read."""


@dataclass(frozen=True)
class Quality:
    """How the model did on samples that it was not trained on."""

    unwanted: int
    wanted: int
    found: int
    false_alarms: int

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false_alarms, 1)

    @property
    def recall(self) -> float:
        return self.found / max(self.unwanted, 1)

    @property
    def false_positive_rate(self) -> float:
        return self.false_alarms / max(self.wanted, 1)


@dataclass(frozen=True)
class Part:
    """A part of the original text that speaks for being unwanted, and how much."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, eq=False)
class Model:
    """`grams` are hashes in ascending order, `weights` belong to them.

    A score over `threshold` is as rare among wanted messages as was asked for.
    """

    grams: Features
    weights: npt.NDArray[np.float64]
    bias: float
    threshold: float
    quality: Quality

    @cached_property
    def _by_gram(self) -> dict[int, float]:
        return dict(zip(self.grams.tolist(), self.weights.tolist(), strict=True))

    def measure(self, found: Collection[int]) -> float:
        """The margin of a text with these hashes, whatever their order."""
        if not len(found):
            return self.bias
        # An exact sum, as the order of a set differs between processes.
        total = math.fsum(map(self._by_gram.get, found, repeat(0.0)))
        return total / math.sqrt(len(found)) + self.bias

    def score(self, text: Normalised) -> float:
        """From 0 to 1; from 0.5 the text is more like the unwanted ones."""
        margin = self.measure(features.list_hashes(text)) - self.threshold
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, margin))))

    def explain(self, text: Normalised) -> list[Part]:
        """The strongest parts, in their order in the text, which do not overlap."""
        parts = []
        for gram, start, end in features.list_grams(text):
            weight = self._by_gram.get(features.hash_gram(gram), 0.0)
            parts.append((weight, start, end))
        chosen: list[tuple[float, int, int]] = []
        for weight, start, end in sorted(parts, reverse=True):
            if weight <= 0 or len(chosen) >= MAX_SHOWN:
                break
            start, end = max(start, 0), min(end, len(text.folded))
            if start < end and not any(s < end and start < e for _, s, e in chosen):
                chosen.append((weight, start, end))
        return [
            Part(*text.span(Level.FOLDED, start, end), weight)
            for weight, start, end in sorted(chosen, key=lambda part: part[1])
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "grams": base64.b64encode(self.grams.astype("<u4").tobytes()).decode(),
            "weights": base64.b64encode(self.weights.astype("<f8").tobytes()).decode(),
            "bias": self.bias,
            "threshold": self.threshold,
            "quality": vars(self.quality),
        }


def load(value: Mapping[str, Any]) -> Model:
    """The model of its JSON form. Raises ModelDamaged."""
    try:
        grams = np.frombuffer(base64.b64decode(value["grams"]), "<u4")
        weights = np.frombuffer(base64.b64decode(value["weights"]), "<f8")
        quality = Quality(**value["quality"])
        model = Model(grams, weights, value["bias"], value["threshold"], quality)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelDamaged(str(error)) from error
    if len(grams) != len(weights):
        raise ModelDamaged("grams and weights differ in number")
    return model
