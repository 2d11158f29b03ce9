"""Likeness to settled cases, as guessed by the classifier of the community."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check, CompiledCheck, Judgement
from qunce.groups.moderation.checks.findings import Evidence
from qunce.groups.moderation.checks.options import Number, Option
from qunce.groups.moderation.checks.subjects import Kind, Subject


class CompiledClassified(CompiledCheck):
    def __init__(self, check: ClassifiedCheck, options: Mapping[str, Any]) -> None:
        self._check = check
        self._least: int = options["least"]
        self._shortest: int = options["shortest"]

    def judge(self, subject: Subject, state: base.State | None = None) -> Judgement:
        """Nothing without a model, nor for texts too short to be like anything."""
        model, text = subject.model, subject.normalised
        if (
            model is None
            or subject.kind not in (Kind.MESSAGE, Kind.EDIT)
            or len(text.folded) < self._shortest
        ):
            return base.NOTHING
        score = model.score(text)
        if 100 * score < self._least:
            return base.NOTHING
        evidence = [
            Evidence(
                reason="part",
                start=part.start,
                end=part.end,
                matched=text.original[part.start : part.end],
                words={"part": text.original[part.start : part.end]},
            )
            for part in model.explain(text)
        ]
        return Judgement([self._check.finding(score, *evidence)])


@base.register
class ClassifiedCheck(Check):
    key = "classified"
    rank = 100
    label = gettext_lazy("Like earlier cases")
    description = gettext_lazy(
        "Messages like those of settled cases, as learned from your own decisions. It "
        "opens cases for staff and never acts."
    )
    options: ClassVar[tuple[Option[Any], ...]] = (
        Number(
            key="least",
            label=gettext_lazy("Likeness from"),
            unit="%",
            default=50,
            least=10,
            most=99,
        ),
        Number(
            key="shortest",
            label=gettext_lazy("Shortest text that counts"),
            unit=gettext_lazy("characters"),
            default=3,
            least=1,
            most=1_000,
        ),
    )
    reasons = {
        "part": gettext_lazy("“%(part)s” occurs in messages that were found unwanted."),
    }
    is_advisory = True

    def compile(self, options: Mapping[str, Any]) -> CompiledClassified:
        return CompiledClassified(self, options)
