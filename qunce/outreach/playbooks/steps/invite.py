"""Invite the member to a group: a target of an invitation that staff work through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, Stage
from qunce.groups.lists import lists
from qunce.groups.overlaps import doors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import opt_outs, skip_reasons, task_permissions
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.playbooks.actions import Obstacle, Skipping
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.work import DONE, Outcome, Work
from qunce.outreach.tasks import requests
from qunce.outreach.tasks.staff_tasks import StaffTask, State, TaskRequest
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from qunce.outreach.playbooks.validation import Resources

KIND, MAX_TEXT = "invitation", 1_000


@base.register
@dataclass(frozen=True, kw_only=True)
class InviteStep(Step):
    """`group` is the key of the group, `text` what staff write to the member."""

    kind: ClassVar[str] = "invite"
    icon: ClassVar[str] = "user-plus"
    rank: ClassVar[int] = 80
    label: ClassVar[StrOrPromise] = gettext_lazy("Invite to a group")
    description: ClassVar[StrOrPromise] = gettext_lazy(
        "Staff get the member on their list of invitations to the group. Members who are"
        " in it already, have opted out or are held out for comparison are left out."
    )
    acts: ClassVar[bool] = True
    for_groups: ClassVar[bool] = False

    group: str
    text: str
    staff: str = ""

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> InviteStep:
        group, text = values.get("group"), values.get("text")
        if not isinstance(group, str) or not group:
            raise base.InvalidStep(_("Choose a group."))
        if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_TEXT:
            raise base.InvalidStep(_("Write the text of the message."))
        staff = str(values.get("staff", ""))
        return cls(id=values["id"], group=group, text=text.strip(), staff=staff)

    def texts(self) -> dict[str, str]:
        return {"": self.text}

    def find_obstacle(self, community: Community, at: datetime) -> str:
        groups = Group.objects.filter(community=community, key=self.group)
        if not groups.exclude(state=Stage.DEAD).exists():
            return Obstacle.GROUP
        assignable = {
            staff.login for staff in task_permissions.list_assignable_staff(community)
        }
        return "" if self.staff in assignable else Obstacle.STAFF

    def reasons_to_skip(
        self, community: Community, people: Sequence[int], at: datetime
    ) -> dict[int, str]:
        group = Group.objects.get(community=community, key=self.group)
        staff = Staff.objects.get(community=community, login=self.staff)
        seen = visibility.filter_visible(by=staff, accounts=people, at=at)
        everyone = bitmaps.of(people)
        found: dict[str, Iterable[int]] = {
            skip_reasons.NOT_VISIBLE: everyone - bitmaps.of(seen),
            skip_reasons.HELD_OUT: hold_outs.held_out(community, everyone, at),
            skip_reasons.OPTED_OUT: opt_outs.find_by_person(people),
            skip_reasons.BLACKLISTED: lists.blacklisted_among(
                account_queries.accounts_by_person(people), at=at, group=group
            ),
            skip_reasons.IN_OTHER_GROUP: doors.people_in_others(group) & everyone,
            Skipping.IN_GROUP.value: requests.in_group(group) & everyone,
        }
        # If several hold, the last one is the reason.
        return {person: why for why, some in found.items() for person in some}

    def perform(self, work: Work) -> list[Outcome]:
        people = account_queries.person_ids(item.target for item in work.items)
        persons = sorted(set(people.values()))
        reasons = self.reasons_to_skip(work.community, persons, work.at)
        asked = [person for person in persons if person not in reasons]
        if asked:
            self._ask(work, asked)
        return [
            Outcome(skipped=reasons[people[item.target]])
            if people[item.target] in reasons
            else DONE
            for item in work.items
        ]

    def _ask(self, work: Work, people: Sequence[int]) -> None:
        """Add people to the open list of this text and staff, or begin a new one."""
        group = Group.objects.get(community=work.community, key=self.group)
        staff = Staff.objects.get(community=work.community, login=self.staff)
        open_tasks = StaffTask.objects.filter(
            staff=staff,
            state=State.OPEN,
            request__kind=KIND,
            request__group=group,
            request__text=self.text,
            request__state=State.OPEN,
            request__layering=None,
        )
        task = open_tasks.order_by("pk").first()
        if task is None:
            request = TaskRequest.objects.create(
                community=work.community,
                kind=KIND,
                title=(_("Invite to %(group)s") % {"group": group.name})[:80],
                text=self.text,
                group=group,
                created_at=work.at,
                by=work.by,
            )
            task = StaffTask.objects.create(
                request=request, staff=staff, created_at=work.at
            )
        requests.add_targets(task, people, work.at)

    def problems(self, resources: Resources) -> Iterator[str]:
        if self.group not in resources.groups:
            yield _("names a group that does not exist.")
        yield from resources.staff_problems(self.staff)

    def phrase(self, names: Names) -> str:
        return _("Invite to the group “%(name)s”") % {"name": names.group(self.group)}
