"""What the rules about a world name: tags, attributes, groups, layers and scores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.activities.activities import activities
from qunce.activities.levels import badges, schemes
from qunce.activities.live_sessions.models import LiveSession
from qunce.core import db
from qunce.core.facts import facts, interned_names
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.scores import scores
from qunce.members.surveys import surveys
from qunce.members.surveys.models import Survey
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.outreach.campaigns import campaigns
from qunce.sets.mirror import deriver
from tests.oracle import scores as plain_scores
from tests.oracle import strategies
from tests.oracle.people import Layering

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.levels.models import Badge
    from tests.oracle.clauses import Rule
    from tests.oracle.world import World

EARLY = datetime(2020, 1, 1, tzinfo=UTC)
LAYERS: Rule = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"], "depth": {"gte": 2}}}},
        {"key": "middle", "rule": {"did": {"kind": "page.visited"}}},
        {"key": "low"},
    ],
}


def create(world: World) -> None:
    """Create the tags, attributes, groups and layers that rules name."""
    params: dict[str, Any] = {"community": world.qunce, "by": world.by, "at": EARLY}
    for key in sorted(set(strategies.TAG_GROUPS.values())):
        tag_groups.create(key=key, **params)
    for key, group in strategies.TAG_GROUPS.items():
        library.create(
            key=key, group=tag_groups.get_by_key(world.qunce, group), **params
        )
    for key, tag in strategies.SYNONYMS.items():
        library.add_synonym(
            tag=library.get(world.qunce, tag), key=key, by=world.by, at=EARLY
        )
    for name, kind in strategies.TYPES.items():
        attributes.define(name=name, type=kind, **params)
    for key in strategies.GROUPS:
        groups.create(key=key, **params)
    for key in strategies.CAMPAIGNS:
        campaigns.create(name=key, key=key, **params)
    _record_fields(world)
    layers.create(key=strategies.LAYERING, spec=LAYERS, default="middle", **params)
    interned_names.ensure("source", world.qunce.pk, strategies.SOURCES)
    world.plain.tag_groups = dict(strategies.TAG_GROUPS)
    for name in ("ann", "bob"):
        login = f"{name}-{world.qunce.key}"
        staff_models.create(community=world.qunce, login=login, at=EARLY)
        world.plain.staff.append(login)
    world.plain.synonyms = dict(strategies.SYNONYMS)
    world.plain.types = dict(strategies.TYPES)
    by_rule = {layer["key"]: layer["rule"] for layer in LAYERS["layers"][:-1]}
    world.plain.layerings[strategies.LAYERING] = Layering(by_rule, "middle")
    _define_scores(world)


def create_check_in(world: World) -> Activity:
    """A check-in with Sundays as days of rest."""
    return activities.create(
        community=world.qunce,
        kind="check_in",
        name="Reading",
        settings={"rest_weekdays": ["sun"]},
        starts_at=EARLY,
        by=world.by,
        at=EARLY,
    )


def create_live_session(world: World) -> Activity:
    """A live session that was over before anything else happened."""
    end = EARLY + timedelta(hours=1)
    made = activities.create(
        community=world.qunce,
        kind="live_session",
        name="Tea live",
        settings={"starts": EARLY.isoformat(), "ends": end.isoformat()},
        starts_at=EARLY,
        by=world.by,
        at=EARLY,
    )
    LiveSession.objects.create(activity=made, starts_at=EARLY, ends_at=end)
    return made


def create_levels(world: World) -> Badge:
    """Levels from 10 and from 50 points a month, with 5 days of grace, and a badge."""
    wanted = schemes.SchemeInput(
        period="month",
        grace_days=5,
        levels=[
            schemes.LevelInput(key="low", name="Low", points=10),
            schemes.LevelInput(key="high", name="High", points=50),
        ],
    )
    schemes.define(community=world.qunce, wanted=wanted, by=world.by, at=EARLY)
    schemes.switch_on(community=world.qunce, by=world.by, at=EARLY)
    return badges.create(
        community=world.qunce,
        key="regular",
        name="Regular",
        letters="R",
        by=world.by,
        at=EARLY,
    )


def _define_scores(world: World) -> None:
    """Create the scores, and change them on the days of their later versions."""
    # A score may only add up numbers of facts that are known.
    deriver.catch_up()
    for key, versions in plain_scores.SCORES.items():
        for days, spec in versions:
            at = EARLY
            if days is None:
                scores.create(
                    community=world.qunce,
                    key=key,
                    name=key,
                    spec=spec,
                    by=world.by,
                    at=at,
                )
            else:
                day = world.setting.today + timedelta(days=days)
                at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                score = scores.get(world.qunce, key)
                scores.update(score=score, spec=spec, by=world.by, at=at)
            saved = world.plain.clock.day(at), spec
            world.plain.scores.setdefault(key, []).append(saved)


def _record_fields(world: World) -> None:
    """One fact of nobody per kind, since rules may name only fields that exist."""
    payload = {"page": "home", "amount": 1, "ok": True, "评分": 5}
    for kind, number in facts.ensure_kinds(strategies.KINDS).items():
        db.insert(
            "INSERT INTO core_fact (community_id, kind_id, happened_at, recorded_at,"
            " payload) VALUES",
            [(world.qunce.pk, number, 0, 0, facts.dump({**payload, "kind": kind}))],
        )


def create_survey(world: World) -> Survey:
    """A survey of a choice and a scale, answered once a day."""
    survey = surveys.create(
        community=world.qunce,
        name="Drinks",
        repeat="day",
        draft=[
            {
                "key": "drink",
                "kind": "single",
                "text": "Your drink?",
                "options": ["Tea", "Coffee", "Water"],
            },
            {"key": "score", "kind": "nps", "text": "Recommend?"},
        ],
        by=world.by,
        at=EARLY,
    )
    surveys.publish(survey=survey, by=world.by, at=EARLY)
    return survey
