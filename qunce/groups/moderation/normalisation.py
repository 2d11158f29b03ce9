"""Normalised texts: look-alikes folded, with the place of each character in the original."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Normalised:
    original: str


def normalise(text: str) -> Normalised:
    return Normalised(text)
