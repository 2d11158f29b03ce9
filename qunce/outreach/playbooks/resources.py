"""What exists in a community, for the checks of definitions."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.channel_contract import LengthUnit
from qunce.core import errors, label_texts
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.attributes import parsing
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.segments.segments import Segment
from qunce.members.tags import library as tag_library
from qunce.members.tags.models import Tag
from qunce.outreach import task_permissions
from qunce.outreach.campaigns.campaigns import Target
from qunce.outreach.content import compose, variable_values
from qunce.outreach.content.materials import library as material_library
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.steps.invite import InviteStep
from qunce.outreach.playbooks.steps.tag import TagStep
from qunce.outreach.playbooks.validation import Channel, Resources
from qunce.sets import audiences


def load(community: Community, subject: str, by: Staff | None = None) -> Resources:
    """What `by` may use in a playbook for members or for groups."""
    target = Target.GROUPS if subject == Subject.GROUP else Target.MEMBERS
    attributes = {
        attribute.name: attribute
        for attribute in Attribute.objects.filter(community=community)
    }
    zone = ZoneInfo(community.timezone)

    def check_rule(rule: Any) -> None:
        audiences.check(community=community, rule=rule, by=by)

    def check_attribute(name: str, value: str) -> None:
        attribute = attributes.get(name)
        if attribute is None:
            raise errors.Invalid(
                _("There is no attribute “%(name)s”.") % {"name": name}
            )
        if attribute.choices and value not in attribute.choices:
            raise errors.Invalid(
                _("“%(value)s” is not one of its choices.") % {"value": value}
            )
        parsing.parse(attribute.type, value, zone)

    return Resources(
        subject=subject,
        variables=variable_values.list_variables(community, target),
        tags=set(tag_library.list_tags(community).values_list("key", flat=True)),
        segments={segment.key for segment in segments.list_active(community)},
        layers={
            layering.key: {layer["key"] for layer in layering.spec["layers"]}
            for layering in layers.list_active(community)
        },
        date_attributes={
            name
            for name, attribute in attributes.items()
            if attribute.type in (AttributeType.DATE, AttributeType.LUNAR)
        },
        channels=_channels(),
        staff={
            each.login for each in task_permissions.list_assignable_staff(community)
        },
        groups=set(
            Group.objects.filter(community=community).values_list("key", flat=True)
        ),
        find_content_problems=functools.partial(_content_problems, community),
        check_rule=check_rule,
        check_attribute=check_attribute,
    )


def _content_problems(
    community: Community, text: str, materials: Sequence[int], channel: str
) -> Sequence[str]:
    versions = material_library.find_versions(community, materials)
    if len(versions) < len(materials):
        return [_("There is no such material.")]
    if not versions:
        return ()
    found = compose.compose(text, versions, channel=channel_contract.get(channel))
    return found.problems


def _channels() -> dict[str, Channel]:
    found = {}
    for channel in channel_contract.list_channels():
        capabilities = channel.capabilities
        found[channel.name] = Channel(
            to_member=capabilities.to_member,
            to_group=capabilities.to_group,
            needs_person=capabilities.needs_person,
            measure=functools.partial(_measure, unit=capabilities.length_unit),
            max_length=capabilities.max_length,
        )
    return found


def _measure(text: str, unit: LengthUnit) -> int:
    return channel_contract.measure(text, unit)


def names_of(community: Community, definition: Definition) -> Names:
    """The names of what the definition refers to."""
    segment_rows = Segment.objects.filter(community=community)
    tag_rows = Tag.objects.filter(community=community)
    wanted = {step.tag for step in definition.walk() if isinstance(step, TagStep)}
    groups = {step.group for step in definition.walk() if isinstance(step, InviteStep)}
    found = layers.list_active(community)
    return Names(
        steps=definition.graph.numbers,
        staff=dict(
            Staff.objects.filter(community=community).values_list("login", "name")
        ),
        groups=dict(
            Group.objects.filter(community=community, key__in=groups).values_list(
                "key", "name"
            )
        ),
        segments=dict(segment_rows.values_list("key", "name")),
        tags=dict(tag_rows.filter(key__in=wanted).values_list("key", "name")),
        attributes=dict(
            Attribute.objects.filter(community=community).values_list("name", "label")
        ),
        layers={
            (layering.key, layer["key"]): label_texts.with_label(
                layering.name, layer_label(layer)
            )
            for layering in found
            for layer in layering.spec["layers"]
        },
    )


def layer_label(layer: Mapping[str, Any]) -> str:
    return str(layer.get("name") or layer["key"])
