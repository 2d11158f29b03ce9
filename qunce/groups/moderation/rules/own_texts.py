"""Texts that a rule must not hit: the brand's and its groups' names, staff, materials.

Domains above register readers of theirs, such as the material library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.rules import rule_checks

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.moderation.rules.rule_checks import Compiled

MAX_HITS = 5
MAX_TEXTS = 5_000


@dataclass(frozen=True)
class OwnText:
    """`what` says in the active language what the text is."""

    what: str
    text: str


Reader = Callable[["Community"], Iterable[OwnText]]
_readers: list[Reader] = []


def register(reader: Reader) -> Reader:
    """Register a reader of texts of a domain; usable as a decorator."""
    _readers.append(reader)
    return reader


@register
def _names(community: Community) -> Iterator[OwnText]:
    yield OwnText(_("the name of the community"), community.name)
    groups = Group.objects.filter(community=community).order_by("pk")
    for name in groups.values_list("name", flat=True)[:500]:
        yield OwnText(_("the name of a group"), name)
    staff = Staff.objects.filter(community=community, is_active=True).order_by("pk")
    for name in staff.values_list("name", flat=True)[:500]:
        yield OwnText(_("the name of somebody who works here"), name)


def find_hits(community: Community, compiled: Compiled) -> list[OwnText]:
    """The first of our own texts in which the checks would find something."""
    hits: list[OwnText] = []
    for number, own in enumerate(_list(community)):
        subject = Subject(
            key=f"own:{number}",
            group="",
            account="",
            happened_at=datetime.min.replace(tzinfo=UTC),
            text=own.text,
            author_name=own.text,
        )
        findings = rule_checks.judge_stateless(compiled, subject)
        if any(finding.may_act for finding in findings):
            hits.append(own)
        if len(hits) >= MAX_HITS:
            break
    return hits


def _list(community: Community) -> Iterator[OwnText]:
    left = MAX_TEXTS
    for reader in _readers:
        for own in reader(community):
            if left <= 0:
                return
            left -= 1
            yield own
