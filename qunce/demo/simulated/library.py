"""What staff set up: units, attributes, the tag library with its twins, and groups."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction

from qunce.core import exchange_rates
from qunce.core.staff import units
from qunce.core.staff.units import Unit, UnitKind
from qunce.demo.simulated.scene import Scene
from qunce.demo.simulation.groups import SimulatedGroup
from qunce.groups import groups
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


def create(scene: Scene) -> None:
    """Create what is missing, in transactions that leave each part whole."""
    with transaction.atomic():
        if not Unit.objects.filter(community=scene.community).exists():
            create_units(scene)
            create_settings(scene)
        create_attributes(scene)
    with transaction.atomic():
        if not TagGroup.objects.filter(
            community=scene.community, key__in=scene.words.tags
        ).exists():
            create_tags(scene)
    existing = groups.find(
        scene.community, [group.key for group in scene.simulation.groups]
    )
    with transaction.atomic():
        for group in scene.simulation.groups:
            if group.key not in existing:
                open_group(scene, group)


def create_units(scene: Scene) -> None:
    by, at = scene.owner, scene.community.created_at
    region = units.create(
        community=scene.community,
        name=scene.words.units["region"],
        kind=UnitKind.HEADQUARTERS,
        by=by,
        at=at,
    )
    teams = {
        key: units.create(
            community=scene.community,
            name=scene.words.units[key],
            kind=UnitKind.LOCAL if key == "shops" else UnitKind.FRONT,
            parent=region,
            by=by,
            at=at,
        )
        for key in ("shops", "service")
    }
    for key, team in TEAMS.items():
        scene.staff[key].unit = teams[team]
        scene.staff[key].save(update_fields=["unit"])


def create_settings(scene: Scene) -> None:
    by, at = scene.owner, scene.community.created_at
    community = scene.community
    for text in PLACEHOLDERS:
        placeholders.add(community=community, text=text, by=by, at=at)
    first: date = scene.simulation.settings.calendar.first
    for currency, rate in RATES:
        exchange_rates.set_rate(
            community=community, currency=currency, since=first, rate=rate, by=by, at=at
        )


def create_attributes(scene: Scene) -> None:
    choices = {
        "gender": (scene.words.genders, Section.BASIC),
        "city": (dict.fromkeys(scene.words.cities), Section.BASIC),
        # The others have headings that imports know.
        scene.words.headings["taste"]: (scene.words.tastes, Section.PRODUCT),
        "staff": ((), Section.BASIC),
    }
    labels = list(scene.words.attributes.values())
    for label, (name, (values, section)) in zip(labels, choices.items(), strict=True):
        attributes.define(
            community=scene.community,
            name=name,
            label=label,
            type=AttributeType.CHOICE if values else AttributeType.TEXT,
            section=section,
            choices=list(values),
            by=scene.owner,
            at=scene.community.created_at,
        )


def create_tags(scene: Scene) -> None:
    """Create the library, and the twins that staff made without looking at it."""
    manager, at = scene.staff["manager"], scene.community.created_at
    for key, words in scene.words.tags.items():
        group = tag_groups.create(
            community=scene.community,
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
                community=scene.community,
                key=name,
                group=group,
                by=scene.staff["tom"] if is_twin else manager,
                at=at,
            )
    remark_names.set_pattern(
        community=scene.community, text="{name}-{city}", by=manager, at=at
    )


def open_group(scene: Scene, planned: SimulatedGroup) -> Group:
    whom, value, rhythm, threshold = scene.words.cards[planned.kind]
    opened = scene.moment(planned.opened_at)
    manager = scene.staff["manager"]
    group = groups.create(
        community=scene.community,
        key=planned.key,
        name=planned.name,
        platform="wecom",
        kind=planned.kind,
        audience=AUDIENCES.get(planned.kind, Audience.CUSTOMERS),
        capacity=planned.capacity,
        threshold=threshold,
        card={"whom": whom, "value": value, "rhythm": rhythm},
        owner=scene.staff[planned.owner],
        by=manager,
        at=opened,
    )
    calendar = scene.simulation.settings.calendar
    for day, transition in planned.stages:
        # Retired last, since nobody can join a retired group.
        if transition != "close":
            at = scene.moment(calendar.at(day, 10))
            groups.change_stage(group=group, transition=transition, by=manager, at=at)
    return group


def close_groups(scene: Scene) -> None:
    """Retire groups after their members' stays are known."""
    calendar = scene.simulation.settings.calendar
    for planned in scene.simulation.groups:
        for day, transition in planned.stages:
            group = groups.get(scene.community, planned.key)
            if transition == "close" and group.state != groups.Stage.DEAD:
                at = scene.moment(calendar.at(day, 21))
                by = scene.staff["manager"]
                groups.change_stage(group=group, transition="close", by=by, at=at)
