"""What staff set up: units, attributes, the tag library with its twins, and groups."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from qunce.core import exchange_rates, permissions
from qunce.core.staff import roles, staff, units
from qunce.core.staff.units import Unit, UnitKind
from qunce.demo import build
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.groups import SimulatedGroup
from qunce.groups import groups
from qunce.groups.entry import gates
from qunce.groups.groups import Audience, Group
from qunce.members.accounts import placeholders
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import AttributeType, Section
from qunce.members.people import remark_names
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library as tag_library
from qunce.members.tags.models import TagGroup

TEAMS = {"wen": "shops", "hao": "shops", "yi": "service", "tom": "service"}
PLACEHOLDERS = ("微信用户", "walk-in customer")
RATES = (("USD", Decimal("7.10")), ("HKD", Decimal("0.91")))
AUDIENCES = {
    "flash": Audience.NEW_CUSTOMERS,
    "vip": Audience.OLD_CUSTOMERS,
    "iron_fan": Audience.OLD_CUSTOMERS,
}


def create(context: Context) -> None:
    """Create what is missing, in transactions that leave each part whole."""
    with transaction.atomic():
        is_new = not Unit.objects.filter(community=context.community).exists()
        if is_new:
            create_units(context)
            create_settings(context)
        create_attributes(context)
        if is_new:
            create_branch(context)
    with transaction.atomic():
        if not TagGroup.objects.filter(
            community=context.community, key__in=context.words.tags
        ).exists():
            create_tags(context)
    existing = groups.find(
        context.community, [group.key for group in context.simulation.groups]
    )
    with transaction.atomic():
        for group in context.simulation.groups:
            if group.key not in existing:
                open_group(context, group)


def create_units(context: Context) -> None:
    by, at = context.owner, context.community.created_at
    region = units.create(
        community=context.community,
        name=context.words.units["region"],
        kind=UnitKind.HEADQUARTERS,
        by=by,
        at=at,
    )
    teams = {
        key: units.create(
            community=context.community,
            name=context.words.units[key],
            kind=UnitKind.LOCAL if key == "shops" else UnitKind.FRONT,
            parent=region,
            by=by,
            at=at,
        )
        for key in ("shops", "service")
    }
    for key, team in TEAMS.items():
        context.staff[key].unit = teams[team]
        context.staff[key].save(update_fields=["unit"])


def create_branch(context: Context) -> None:
    """A unit that sees the members of its city only, and somebody there with a role of
    the community's own: an operator who sends nothing."""
    by, at = context.owner, context.community.created_at
    words = context.words.branch
    chosen = {
        name
        for name, given in permissions.declared().items()
        if permissions.Role.OPERATOR in given and not name.startswith("campaigns.")
    }
    role = roles.create(
        name=words["role"], base="operator", chosen=chosen, by=by, at=at
    )
    region = Unit.objects.get(
        community=context.community, name=context.words.units["region"]
    )
    unit = units.create(
        community=context.community,
        name=words["unit"],
        kind=UnitKind.LOCAL,
        parent=region,
        scope={"attr": {"name": "city", "eq": words["city"]}},
        by=by,
        at=at,
    )
    assistant = build.ensure_staff(
        community=context.community,
        login=f"{context.community.key}-branch",
        name=words["staff"],
        role="operator",
        at=at,
    )
    staff.update(
        staff=assistant, role=role.base, custom_role=role, unit=unit, by=by, at=at
    )


def create_settings(context: Context) -> None:
    by, at = context.owner, context.community.created_at
    community = context.community
    for text in PLACEHOLDERS:
        placeholders.add(community=community, text=text, by=by, at=at)
    first: date = context.simulation.settings.calendar.first
    for currency, rate in RATES:
        exchange_rates.set_rate(
            community=community, currency=currency, since=first, rate=rate, by=by, at=at
        )


def create_attributes(context: Context) -> None:
    choices = {
        "gender": (context.words.genders, Section.BASIC),
        "city": (dict.fromkeys(context.words.cities), Section.BASIC),
        # The others have headings that imports know.
        context.words.headings["taste"]: (context.words.tastes, Section.PRODUCT),
    }
    labels = list(context.words.attributes.values())
    for label, (name, (values, section)) in zip(labels, choices.items(), strict=True):
        attributes.define(
            community=context.community,
            name=name,
            label=label,
            type=AttributeType.CHOICE if values else AttributeType.TEXT,
            section=section,
            choices=list(values),
            by=context.owner,
            at=context.community.created_at,
        )


def create_tags(context: Context) -> None:
    """Create the library, and the twins that staff made without looking at it."""
    manager, at = context.staff["manager"], context.community.created_at
    for key, words in context.words.tags.items():
        group = tag_groups.create(
            community=context.community,
            key=key,
            name=words.name,
            exclusive=words.is_exclusive,
            creator_roles=["operator"],
            by=manager,
            at=at,
        )
        for index, name in enumerate((*words.tags.values(), *words.twins.values())):
            is_twin = index >= len(words.tags)
            tag_library.create(
                community=context.community,
                key=name,
                group=group,
                by=context.staff["tom"] if is_twin else manager,
                at=at,
            )
    remark_names.set_pattern(
        community=context.community, text="{name}-{city}", by=manager, at=at
    )


def open_group(context: Context, planned: SimulatedGroup) -> Group:
    whom, value, rhythm, threshold = context.words.cards[planned.kind]
    opened = context.moment(planned.opened_at)
    manager = context.staff["manager"]
    group = groups.create(
        community=context.community,
        key=planned.key,
        name=planned.name,
        platform="wecom",
        kind=planned.kind,
        audience=AUDIENCES.get(planned.kind, Audience.CUSTOMERS),
        capacity=planned.capacity,
        card={"whom": whom, "value": value, "rhythm": rhythm},
        owner=context.staff[planned.owner],
        by=manager,
        at=opened,
    )
    gates.configure(group=group, note=threshold, by=manager, at=opened)
    calendar = context.simulation.settings.calendar
    for day, transition in planned.stages:
        # Retired last, since nobody can join a retired group.
        if transition != "close":
            at = context.moment(calendar.at(day, 10))
            groups.change_stage(group=group, transition=transition, by=manager, at=at)
    return group


def close_groups(context: Context) -> None:
    """Retire groups after their members' stays are known."""
    calendar = context.simulation.settings.calendar
    for planned in context.simulation.groups:
        for day, transition in planned.stages:
            group = groups.get(context.community, planned.key)
            if transition == "close" and group.state != groups.Stage.DEAD:
                at = context.moment(calendar.at(day, 21))
                by = context.staff["manager"]
                groups.change_stage(group=group, transition="close", by=by, at=at)
