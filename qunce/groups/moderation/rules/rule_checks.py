"""The checks of a rule, parsed and compiled once per version."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check, CompiledCheck
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject

MAX_CHECKS = 12
MAX_COMPILED = 400
"""Rules whose checks are kept in memory; a long list of words takes megabytes."""


class InvalidChecks(errors.Invalid):
    """A rule needs checks that exist, with options that fit."""


@dataclass(frozen=True)
class Compiled:
    """The checks of a rule in its order."""

    keys: tuple[str, ...]
    checks: tuple[CompiledCheck, ...]

    @property
    def is_stateless(self) -> bool:
        return all(check.scope == base.Scope.NONE for check in self.checks)


def parse(value: Any) -> list[dict[str, Any]]:
    """The checks as they are stored; raises InvalidChecks or an error of an option."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHECKS:
        raise InvalidChecks(_("A rule has 1 to %(n)s checks.") % {"n": MAX_CHECKS})
    parsed = []
    for each in value:
        fields = each if isinstance(each, Mapping) else {}
        if set(fields) - {"check", "options"} or not isinstance(
            fields.get("check"), str
        ):
            raise InvalidChecks(_("A check is an object with check and options."))
        check = base.get(fields["check"])
        options = check.parse_options(fields.get("options") or {})
        _check_required(check, options)
        # Compiling refuses what no option can, such as a pattern.
        check.compile(options)
        parsed.append({"check": check.key, "options": check.options_to_json(options)})
    return parsed


def _check_required(check: Check, options: Mapping[str, Any]) -> None:
    for option in check.options:
        if option.key in check.required and not options[option.key]:
            raise InvalidChecks(
                _("“%(check)s” finds nothing without “%(option)s”. Enter at least one.")
                % {"check": check.label, "option": option.label}
            )


def compile_checks(value: Sequence[Mapping[str, Any]]) -> Compiled:
    """Compile stored checks, from memory if they were compiled before."""
    return _compile(json.dumps(list(value), sort_keys=True, ensure_ascii=False))


@functools.lru_cache(maxsize=MAX_COMPILED)
def _compile(text: str) -> Compiled:
    keys, checks = [], []
    for each in json.loads(text):
        check = base.get(each["check"])
        keys.append(check.key)
        checks.append(check.compile(check.parse_options(each["options"])))
    return Compiled(tuple(keys), tuple(checks))


def judge_stateless(compiled: Compiled, subject: Subject) -> list[Finding]:
    """What the checks without a state find, such as in a text that is tried."""
    return [
        finding
        for check in compiled.checks
        if check.scope == base.Scope.NONE
        for finding in check.judge(subject).findings
    ]
