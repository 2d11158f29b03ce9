"""Set an attribute of the member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.work import DONE, Outcome, Work

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

MAX_LENGTH = 200
SOURCE = "playbook"


@base.register
@dataclass(frozen=True, kw_only=True)
class AttributeStep(Step):
    kind: ClassVar[str] = "attribute"
    icon: ClassVar[str] = "pencil"
    rank: ClassVar[int] = 70
    label: ClassVar[StrOrPromise] = gettext_lazy("Set an attribute")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Writes a value into the member’s profile."
    )
    acts: ClassVar[bool] = True
    for_groups: ClassVar[bool] = False

    attribute: str
    value: str

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> AttributeStep:
        name, value = values.get("attribute"), values.get("value")
        if not isinstance(name, str) or not name:
            raise base.InvalidStep(_("Choose an attribute."))
        if not isinstance(value, str) or not 0 < len(value) <= MAX_LENGTH:
            raise base.InvalidStep(_("Write the value of the attribute."))
        return cls(id=values["id"], attribute=name, value=value)

    def find_obstacle(self, community: Community, at: datetime) -> str:
        rows = Attribute.objects.filter(community=community, name=self.attribute)
        attribute = rows.first()
        if attribute is None:
            return Obstacle.ATTRIBUTE
        is_choice = not attribute.choices or self.value in attribute.choices
        return "" if is_choice else Obstacle.ATTRIBUTE

    def perform(self, work: Work) -> list[Outcome]:
        attributes.set_values(
            attribute=attributes.get(work.community, self.attribute),
            values={item.target: self.value for item in work.items},
            by=work.by,
            at=work.at,
            source=SOURCE,
        )
        return [DONE] * len(work.items)

    def problems(self, resources: Resources) -> Iterator[str]:
        yield from resources.attribute_problems(self.attribute, self.value)

    def phrase(self, names: Names) -> str:
        return _("Set “%(name)s” to “%(value)s”") % {
            "name": names.attribute(self.attribute),
            "value": self.value,
        }
