"""Add a tag to the member, or remove one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.members.tags import assignments, library
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.work import DONE, Outcome, Work

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

SOURCE = "playbook"


@base.register
@dataclass(frozen=True, kw_only=True)
class TagStep(Step):
    kind: ClassVar[str] = "tag"
    icon: ClassVar[str] = "tag"
    rank: ClassVar[int] = 60
    label: ClassVar[StrOrPromise] = gettext_lazy("Tag")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Adds a tag to the member, or removes it."
    )
    acts: ClassVar[bool] = True
    for_groups: ClassVar[bool] = False

    tag: str
    remove: bool = False

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> TagStep:
        if not isinstance(values.get("tag"), str) or not values["tag"]:
            raise base.InvalidStep(_("Choose a tag."))
        return cls(
            id=values["id"], tag=values["tag"], remove=bool(values.get("remove"))
        )

    def find_obstacle(self, community: Community, at: datetime) -> str:
        tag = library.find(community, [self.tag]).get(self.tag)
        return "" if tag is not None and tag.state == "active" else Obstacle.TAG

    def perform(self, work: Work) -> list[Outcome]:
        tag = library.get(work.community, self.tag)
        accounts = [item.target for item in work.items]
        if self.remove:
            assignments.remove(tag=tag, accounts=accounts, by=work.by, at=work.at)
        else:
            assignments.apply(
                tag=tag, accounts=accounts, by=work.by, at=work.at, source=SOURCE
            )
        return [DONE] * len(work.items)

    def problems(self, resources: Resources) -> Iterator[str]:
        if self.tag not in resources.tags:
            yield _("names the tag “%(tag)s”, which does not exist.") % {
                "tag": self.tag
            }

    def phrase(self, names: Names) -> str:
        if self.remove:
            return _("Remove the tag “%(tag)s”") % {"tag": names.tag(self.tag)}
        return _("Add the tag “%(tag)s”") % {"tag": names.tag(self.tag)}
