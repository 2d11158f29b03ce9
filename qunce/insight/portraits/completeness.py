"""Completeness: what is not known of whom, and what to ask next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core.facts import interned_names
from qunce.insight import small_numbers
from qunce.insight.portraits import traits
from qunce.members.attributes import attributes
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.sets import audiences
from qunce.sets.rules import base, stored_rules

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

REACHED = ("send.delivered", "send.marked_sent")
"""Kinds of facts by which a message has reached somebody."""
MAX_TO_ASK = 3
DEFINITION = gettext_lazy(
    "Members whom you see without a value, a tag of a group or a source. What to ask next"
    " is the attribute or tag group whose absence keeps most members out of rules: the"
    " members without it times the rules in use that ask for it by name, such as those of"
    " segments, layers and playbooks."
)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """`people` of the members lack it; `rule` selects them. `uses` are rules in use.

    `kind` is `attribute`, `tag_group`, `source` or `reached`; `key` says which.
    """

    kind: str
    key: str
    label: str
    rule: dict[str, Any]
    people: int
    percent: float | None
    uses: int

    @property
    def may_be_asked(self) -> bool:
        """Whether a member could answer it, which orders and joins do for the others."""
        if self.kind == "tag_group":
            return self.key != traits.BOUGHT
        return self.kind == "attribute"

    @property
    def weight(self) -> int:
        """How many times a rule cannot say anything of somebody for the lack of it."""
        return self.people * self.uses


@dataclass(frozen=True)
class Completeness:
    """`gaps` have the largest first, `ask` those to close next."""

    members: int
    gaps: tuple[Gap, ...]
    ask: tuple[Gap, ...]


def load(*, by: Staff, at: datetime) -> Completeness:
    """The gaps among the members whom `by` sees."""
    community = by.community
    found = list(_list_candidates(community))
    everyone, *sets = audiences.people_by_rule(
        community=community,
        rules=[audiences.EVERYONE, *(rule for *_name, rule in found)],
        by=by,
        at=at,
    )
    members, uses = len(everyone), _count_uses(community)
    gaps = [
        Gap(
            kind=kind,
            key=key,
            label=label,
            rule=rule,
            people=len(people),
            percent=small_numbers.percent(len(people), members),
            uses=uses[(kind, key)],
        )
        for (kind, key, label, rule), people in zip(found, sets, strict=True)
    ]
    gaps.sort(key=lambda gap: (-gap.people, gap.kind, gap.key))
    ask = [gap for gap in gaps if gap.may_be_asked and gap.weight]
    ask.sort(key=lambda gap: -gap.weight)
    return Completeness(members, tuple(gaps), tuple(ask[:MAX_TO_ASK]))


def _list_candidates(
    community: Community,
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for row in attributes.list_all(community):
        unknown = {"attr": {"name": row.name, "known": False}}
        yield "attribute", row.name, row.label, unknown
    for group in tag_groups.list_all(community):
        yield "tag_group", group.key, group.name, {"tag": {"untagged": group.key}}
    names = sorted(interned_names.names_by_id("source", community.pk).values())
    if names:
        yield "source", "", _("Source"), {"not": {"source": {"any": names}}}
    kinds = set(audiences.list_fact_kinds(community))
    sent = [{"did": {"kind": kind}} for kind in REACHED if kind in kinds]
    if sent:
        yield "reached", "", _("Ever reached by a message"), {"not": {"any": sent}}


def _count_uses(community: Community) -> Counter[tuple[str, str]]:
    """(kind, key) of a gap → the rules in use that ask for it by name."""
    groups = dict(
        library.list_tags(community)
        .filter(group__isnull=False)
        .values_list("key", "group__key")
    )
    uses: Counter[tuple[str, str]] = Counter()
    for stored in stored_rules.list_all(community):
        asked = set()
        for kind, key in base.list_mentions(stored.rule):
            if kind == "attr":
                asked.add(("attribute", key))
            elif kind == "tag" and key in groups:
                asked.add(("tag_group", groups[key]))
            elif kind == "source":
                asked.add(("source", ""))
        uses.update(asked)
    return uses
