"""What the forms of playbooks offer to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.console import http
from qunce.core import label_texts
from qunce.core.facts import facts
from qunce.groups.groups import Group, Stage
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.tags import library as tag_library
from qunce.outreach import task_permissions
from qunce.outreach.content import message_templates
from qunce.outreach.content.message_templates import Target
from qunce.outreach.playbooks import resources
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.steps.send import Send
from qunce.sets import audiences

Pairs = list[tuple[str, str]]
COMMON_KINDS = (
    *("member.joined", "member.left", "member.rejoined", "group.joined"),
    *("group.left", "order.paid", "order.refunded", "coupon.redeemed"),
    *("message.posted", "send.clicked", "tag.added", "tag.removed"),
    "note.completed",
)
EXCLUDED = ("run.", "playbook.", "campaign.", "attribute.set", "member.erased")
"""Kinds that are about other things than members, or that playbooks cause."""


@dataclass(frozen=True)
class Choices:
    request: http.Request
    definition: Definition

    @cached_property
    def fact_kinds(self) -> Pairs:
        """Kinds of facts about members, those of this community and common ones."""
        found = {*audiences.list_fact_kinds(self.request.community), *COMMON_KINDS}
        kept = [kind for kind in found if not kind.startswith(EXCLUDED)]
        pairs = [(kind, facts.label_of(kind)) for kind in kept]
        return sorted(pairs, key=lambda pair: pair[1].casefold())

    @cached_property
    def segments(self) -> Pairs:
        active = segments.list_active(self.request.community)
        return sorted(((each.key, each.name) for each in active), key=lambda p: p[1])

    @cached_property
    def layers(self) -> Pairs:
        return [
            (
                f"{layering.key}|{layer['key']}",
                label_texts.with_label(layering.name, resources.layer_label(layer)),
            )
            for layering in layers.list_active(self.request.community)
            for layer in layering.spec["layers"]
        ]

    @cached_property
    def tags(self) -> Pairs:
        rows = tag_library.list_tags(self.request.community)
        return list(rows.order_by("name").values_list("key", "name"))

    @cached_property
    def attributes(self) -> Pairs:
        rows = Attribute.objects.filter(community=self.request.community)
        return list(rows.order_by("label").values_list("name", "label"))

    @cached_property
    def dates(self) -> Pairs:
        rows = Attribute.objects.filter(
            community=self.request.community,
            type__in=(AttributeType.DATE, AttributeType.LUNAR),
        )
        return list(rows.order_by("label").values_list("name", "label"))

    @cached_property
    def staff(self) -> Pairs:
        people = task_permissions.list_assignable_staff(self.request.community)
        return [(each.login, each.name) for each in people]

    @cached_property
    def channels(self) -> Pairs:
        to_groups = self.definition.subject == Subject.GROUP
        found = []
        for channel in channel_contract.list_channels(self.request.community.pk):
            can = channel.capabilities
            if can.to_group if to_groups else can.to_member:
                found.append((channel.name, str(channel.label)))
        return found

    @cached_property
    def message_templates(self) -> Pairs:
        """The newest version of each variant of the templates for these recipients."""
        to_groups = self.definition.subject == Subject.GROUP
        target = Target.GROUPS if to_groups else Target.MEMBERS
        rows = message_templates.list_visible(self.request.staff)
        found = [
            (str(version.pk), f"{template.name} · {letter}")
            for template in rows.filter(target=target)
            for letter, version in template.texts.items()
        ]
        return [*self._templates_in_use({pk for pk, _name in found}), *found]

    def _templates_in_use(self, listed: set[str]) -> Pairs:
        """Older versions, and those of archived templates, that steps have."""
        used = {
            step.template
            for step in self.definition.walk()
            if isinstance(step, Send) and step.template is not None
        }
        versions = (
            message_templates.get_version(self.request.community, pk)
            for pk in sorted(used)
            if str(pk) not in listed
        )
        return [(str(version.pk), str(version)) for version in versions]

    @cached_property
    def groups(self) -> Pairs:
        rows = Group.objects.filter(community=self.request.community)
        rows = rows.exclude(state=Stage.DEAD).order_by("name")
        return list(rows.values_list("key", "name"))

    def sending_steps(self) -> Pairs:
        names = resources.names_of(self.request.community, self.definition)
        return [
            (step.id, f"{names.step(step.id)} {step.phrase(names)}")
            for step in self.definition.walk()
            if isinstance(step, Send)
        ]

    def steps_after(self, step_id: str) -> Pairs:
        """Steps further down the list, at which another way may continue."""
        names = resources.names_of(self.request.community, self.definition)
        found = [
            (s.id, f"{names.step(s.id)} {s.phrase(names)}")
            for s in self.definition.walk()
        ]
        ids = [pair[0] for pair in found]
        start = ids.index(step_id) + 1 if step_id in ids else 0
        return found[start:]


def with_empty(pairs: Pairs) -> Pairs:
    return [("", _("choose …")), *pairs]
