"""Base classes and registry of checks; each check is one file of this folder."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors
from qunce.groups.moderation.checks.findings import (
    AdvisoryFinding,
    Evidence,
    Finding,
    HardFinding,
)
from qunce.groups.moderation.checks.options import Option
from qunce.groups.moderation.checks.subjects import Subject

State = Mapping[str, Any]
"""What a check remembers between subjects, as plain JSON values."""


class CheckNotFound(errors.NotFound):
    """There is no check of this key."""


class UnknownOption(errors.Invalid):
    """A check has only the options that it declares."""


class Scope(StrEnum):
    """The owner of the state that a check needs: none, that of a person in a group, or of a group."""

    NONE = "none"
    PERSON = "person"
    GROUP = "group"


@dataclass(frozen=True)
class Judgement:
    """The findings, and the state to store; None if it did not change."""

    findings: Sequence[Finding] = ()
    state: State | None = None


NOTHING = Judgement()
"""The judgement of nearly every check on nearly every subject."""


class CompiledCheck(ABC):
    """A check with its options, made once per rule and used for every subject.

    It is not changed by use, so that threads may share it.
    """

    scope: ClassVar[Scope] = Scope.NONE

    @abstractmethod
    def judge(self, subject: Subject, state: State | None = None) -> Judgement:
        """What the check finds in the subject, given its state."""

    def clear(self, state: State, account: str) -> State:
        """The state without what a person did, after a penalty or its undo."""
        return state


class Check(ABC):
    """One kind of check. Its instance is registered and carries all that forms show.

    `reasons` has a sentence for each reason of its evidence, with words in it such as
    `%(n)s`. A check that is `advisory` is a guess, on which no rule may act.
    """

    key: ClassVar[str]
    rank: ClassVar[int]
    """The place in lists."""
    label: ClassVar[StrOrPromise]
    description: ClassVar[StrOrPromise]
    options: ClassVar[tuple[Option[Any], ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    """Keys of options without which the check finds nothing; no rule is saved so."""
    reasons: ClassVar[Mapping[str, StrOrPromise]] = {}
    is_advisory: ClassVar[bool] = False

    @abstractmethod
    def compile(self, options: Mapping[str, Any]) -> CompiledCheck:
        """The check with options that `parse_options` returned."""

    def parse_options(self, value: Any) -> dict[str, Any]:
        """The typed value of every option, from JSON. Raises errors.Invalid."""
        given = value if isinstance(value, Mapping) else {}
        unknown = sorted(set(given) - {option.key for option in self.options})
        if unknown or given is not value:
            raise UnknownOption(
                _("The check “%(check)s” has no option “%(name)s”.")
                % {"check": self.label, "name": unknown[0] if unknown else value}
            )
        return {
            option.key: option.parse(given[option.key])
            if option.key in given
            else option.default
            for option in self.options
        }

    def options_to_json(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {each.key: each.to_json(options[each.key]) for each in self.options}

    def read_form(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The JSON of the options in the fields of a form, yet to be parsed."""
        return {option.key: option.read_form(values) for option in self.options}

    def list_phrases(self, options: Mapping[str, Any]) -> list[str]:
        """One line for each option, for summaries of a rule."""
        return [
            f"{each.label}: {each.phrase(options[each.key])}" for each in self.options
        ]

    def finding(self, score: float, *evidence: Evidence) -> Finding:
        kind = AdvisoryFinding if self.is_advisory else HardFinding
        return kind(check=self.key, score=round(score, 4), evidence=evidence)

    def explain(self, evidence: Evidence) -> str:
        """The sentence of a piece of evidence in the active language."""
        template = self.reasons.get(evidence.reason)
        return str(template) % evidence.words if template else evidence.matched


AnyCheck = TypeVar("AnyCheck", bound=Check)
_checks: dict[str, Check] = {}


def register(kind: type[AnyCheck]) -> type[AnyCheck]:
    _checks[kind.key] = kind()
    return kind


@functools.cache
def _load_all() -> None:
    package = importlib.import_module("qunce.groups.moderation.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def list_all() -> list[Check]:
    _load_all()
    return sorted(_checks.values(), key=lambda check: check.rank)


def get(key: str) -> Check:
    _load_all()
    if key not in _checks:
        raise CheckNotFound(_("There is no check “%(key)s”.") % {"key": key})
    return _checks[key]


def load_finding(value: Mapping[str, Any]) -> Finding:
    """The finding of its JSON form. What a model found stays a guess."""
    evidence = (Evidence(**each) for each in value["evidence"])
    return get(value["check"]).finding(value["score"], *evidence)


def list_sentences(finding: Finding) -> list[str]:
    """Why the check fired, one sentence for each piece of evidence."""
    check = get(finding.check)
    return list(dict.fromkeys(check.explain(each) for each in finding.evidence))
