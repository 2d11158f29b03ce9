"""What the latest version of a rule changed, line by line in its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django_stubs_ext import StrOrPromise

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.options import Option
from qunce.groups.moderation.models import Rule, RuleVersion

MAX_SHOWN = 20


@dataclass(frozen=True)
class Change:
    """One option of a check: lines of a list, or the phrase of its value."""

    check: StrOrPromise
    option: StrOrPromise
    added: Sequence[str]
    removed: Sequence[str]

    @property
    def shown_added(self) -> Sequence[str]:
        return self.added[:MAX_SHOWN]

    @property
    def shown_removed(self) -> Sequence[str]:
        return self.removed[:MAX_SHOWN]


def list_latest(rule: Rule) -> list[Change]:
    """The changes of the checks from the version before; none of the first version."""
    rows = RuleVersion.objects.filter(rule=rule, version__lt=rule.version)
    before = rows.order_by("-version").values_list("checks", flat=True).first()
    return [] if before is None else list(compare(before, rule.checks))


def compare(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    """The options that differ; of a check that is in one of them only, all options."""
    old, new = (
        {each["check"]: each["options"] for each in own} for own in (before, after)
    )
    for check in base.list_all():
        if old.get(check.key) == new.get(check.key):
            continue
        for option in check.options:
            removed, added = (
                _lines(option, own[check.key]) if check.key in own else []
                for own in (old, new)
            )
            if removed != added:
                yield Change(check.label, option.label, *_apart(added, removed))


def _lines(option: Option[Any], options: Mapping[str, Any]) -> list[str]:
    value = options.get(option.key, option.to_json(option.default))
    if option.kind == "words":
        return list(value)
    return [option.phrase(option.parse(value))]


def _apart(added: Sequence[str], removed: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of each that are not in the other."""
    old, new = set(removed), set(added)
    return [line for line in added if line not in old], [
        line for line in removed if line not in new
    ]
