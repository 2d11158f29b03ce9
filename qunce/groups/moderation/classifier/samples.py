"""What a classifier has learned from: the features of messages of settled cases.

    samples = samples.learn("case:17", text, is_unwanted=True)
    samples = samples.unlearn("case:17")

A classifier is trained on all samples, so that unlearning leaves no trace. Samples have
hashes, from which no text can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qunce.core import errors
from qunce.groups.moderation.classifier import features
from qunce.groups.moderation.classifier.features import Features
from qunce.groups.moderation.contents import normalisation

MAX_SAMPLES = 5_000
"""Samples that are kept; the oldest are forgotten first."""


class SamplesDamaged(errors.Invalid):
    """Stored samples cannot be read."""


@dataclass(frozen=True, eq=False)
class Sample:
    is_unwanted: bool
    features: Features


@dataclass(frozen=True)
class Samples:
    """Samples by the key of their case, in the order in which they were learned."""

    by_key: Mapping[str, Sample] = field(default_factory=dict)

    def learn(self, key: str, text: str, *, is_unwanted: bool) -> Samples:
        """The samples with one more, which replaces an earlier one of the same key."""
        found = features.extract(normalisation.normalise(text))
        rest = {k: s for k, s in self.by_key.items() if k != key}
        kept = [*rest.items(), (key, Sample(is_unwanted, found))][-MAX_SAMPLES:]
        return Samples(dict(kept))

    def unlearn(self, key: str) -> Samples:
        """The samples as if the case had never been settled."""
        return Samples({k: s for k, s in self.by_key.items() if k != key})

    def count(self) -> tuple[int, int]:
        """How many are wanted, and how many unwanted."""
        unwanted = sum(sample.is_unwanted for sample in self.by_key.values())
        return len(self.by_key) - unwanted, unwanted

    def to_json(self) -> list[list[Any]]:
        return [
            [key, sample.is_unwanted, sample.features.astype("<u4").tobytes().hex()]
            for key, sample in self.by_key.items()
        ]


def load(value: Any) -> Samples:
    """The samples of their JSON form. Raises SamplesDamaged."""
    try:
        return Samples(
            {
                str(key): Sample(
                    bool(is_unwanted), np.frombuffer(bytes.fromhex(encoded), "<u4")
                )
                for key, is_unwanted, encoded in value
            }
        )
    except (TypeError, ValueError) as error:
        raise SamplesDamaged(str(error)) from error
