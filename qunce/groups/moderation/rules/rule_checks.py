"""The checks of a rule, parsed and compiled once per version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check, CompiledCheck
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject

if TYPE_CHECKING:
    from qunce.groups.moderation.models import Rule

MAX_CHECKS = 12
MAX_COMPILED = 400
"""Rules whose checks are kept in memory; a long list of words takes megabytes."""
_compiled: dict[str, Compiled] = {}


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
    parsed, compiled = [], dict[str, CompiledCheck]()
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
        compiled[check.key] = check.compile(options)
        parsed.append({"check": check.key, "options": check.options_to_json(options)})
    if len(compiled) == len(parsed):
        _remember(_to_text(parsed), Compiled(tuple(compiled), tuple(compiled.values())))
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
    return _compile(_to_text(value))


def of_rule(rule: Rule) -> Compiled:
    """The compiled checks of a rule, with the text of them if it was read with that.

    Reading and writing the JSON of a long list takes longer than judging a message.
    """
    text: str | None = getattr(rule, "checks_text", None)
    return compile_checks(rule.checks) if text is None else _compile(text)


def _to_text(value: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(list(value), sort_keys=True, ensure_ascii=False)


def _compile(text: str) -> Compiled:
    if (known := _compiled.get(text)) is not None:
        return known
    keys, checks = [], []
    for each in json.loads(text):
        check = base.get(each["check"])
        keys.append(check.key)
        checks.append(check.compile(check.parse_options(each["options"])))
    return _remember(text, Compiled(tuple(keys), tuple(checks)))


def _remember(text: str, compiled: Compiled) -> Compiled:
    while len(_compiled) >= MAX_COMPILED:
        _compiled.pop(next(iter(_compiled)), None)
    _compiled[text] = compiled
    return compiled


def judge_stateless(compiled: Compiled, subject: Subject) -> list[Finding]:
    """What the checks without a state find, such as in a text that is tried."""
    return [
        finding
        for check in compiled.checks
        if check.scope == base.Scope.NONE
        for finding in check.judge(subject).findings
    ]
