"""Texts that members write on our own pages, judged before others read them.

No channel reports them, so that nothing is deleted and no case is opened: what a rule finds
is held until staff have read it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.groups.moderation.checks.findings import list_hard
from qunce.groups.moderation.checks.subjects import File, Subject
from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.models import Mode, Rule
from qunce.groups.moderation.rules import check_states, rule_checks, rules

if TYPE_CHECKING:
    from qunce.core.communities import Community

JUDGING = (Mode.PROPOSE, Mode.ACT)
"""A rule that only observes holds nothing back."""


@dataclass(frozen=True)
class Hit:
    """A rule that found something in a text."""

    rule: Rule


def find_hit(
    *,
    community: Community,
    text: str,
    groups: Collection[str],
    at: datetime,
    files: tuple[File, ...] = (),
    holds_guesses: bool = False,
) -> Hit | None:
    """The first rule that finds something in a text for these groups, None if none does.

    `files` are pictures that go with it. With `holds_guesses`, the guess of a classifier
    is something found as well.

    Without groups the text is for everybody, and the rules of all groups are asked. Checks
    that count messages are not, as nothing floods a page.
    """
    running = [
        rule
        for rule in rules.list_running(community)
        if rule.mode in JUDGING and _concerns(rule, groups)
    ]
    if not running:
        return None
    subject = Subject(
        key="page",
        group="",
        account="",
        happened_at=at,
        text=text,
        files=files,
        model=learned_models.find(community),
    )
    for rule in running:
        try:
            compiled = rule_checks.of_rule(rule)
            findings = rule_checks.judge_stateless(compiled, subject)
        except (errors.QunceError, *check_states.DAMAGED):
            # A rule that cannot be evaluated any more finds nothing, as in chats.
            continue
        if findings if holds_guesses else list_hard(findings):
            return Hit(rule)
    return None


def _concerns(rule: Rule, groups: Collection[str]) -> bool:
    keys = rule.conditions.get("groups")
    return not groups or not isinstance(keys, list) or not set(keys).isdisjoint(groups)
