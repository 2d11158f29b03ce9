"""The positioning card of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import text_validation
from qunce.groups import group_cards, groups
from qunce.groups.groups import Group
from qunce.outreach.group_templates.parts import base
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

KEY, MAX_LENGTH = "card", 300


@dataclass(frozen=True)
class Snapshot(base.Snapshot):
    cards: Mapping[int, Mapping[str, str]]

    def now(self, group: int) -> dict[str, Any]:
        return {name: self.cards[group].get(name, "") for name in group_cards.LABELS}

    def label(self, field: str) -> str:
        return str(group_cards.LABELS[field])

    def text(self, field: str, value: Any) -> str:
        return str(value) if value else _("none")


class Card(base.Part):
    key = KEY
    label = gettext_lazy("Positioning card")
    rank = 2

    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        base.check_names(self, fields, group_cards.LABELS)
        for field, value in fields.items():
            base.check_text(field, value, MAX_LENGTH)
            if not text_validation.is_valid(value):
                raise InvalidGroupTemplate(
                    _("This contains characters that cannot be stored.")
                )

    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        return Snapshot({group.pk: group_cards.read(group) for group in groups})

    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        return dict(group_cards.read(group))

    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        card = group_cards.change(group.card, values)
        groups.update(group=group, by=by, at=at, card=card)


CARD = base.declare(Card())
