"""Builders of levels for tests, through the verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from qunce import queued_jobs
from qunce.activities.levels import holdings, schemes
from qunce.activities.levels.models import Level, LevelScheme
from qunce.activities.levels.schemes import LevelInput, SchemeInput
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from tests.activities.points import builders
from tests.factories import AT

SILVER = LevelInput(key="silver", name="Silver", points=100)
GOLD = LevelInput(key="gold", name="Gold", points=500, percent=150, title="Tea friend")


def define(
    of: Community, *levels: LevelInput, at: datetime = AT, **fields: Any
) -> LevelScheme:
    """Define levels, by default silver and gold by month, which are on."""
    by = staff_models.system(of)
    wanted = SchemeInput(
        **{
            "period": "month",
            "grace_days": 3,
            "levels": levels or (SILVER, GOLD),
            **fields,
        }
    )
    scheme = schemes.define(community=of, wanted=wanted, by=by, at=at)
    schemes.switch_on(community=of, by=by, at=at)
    queued_jobs.JOBS[schemes.COUNT_JOB].run(str(of.pk), at=at)
    return scheme


def earn(account: int, points: int, at: datetime = AT) -> int:
    """Earn points, and let what follows from it happen."""
    entry = builders.award(account, points, at=at, key=f"e/{account}/{points}/{at}")
    builders.react(at)
    return entry


def level_of(of: Community, person: int, at: datetime = AT) -> str:
    """The key of the level that is stored for a person, "" for none."""
    found = holdings.find_held(of, [person], of.day(at))
    return found[person].level.key if person in found else ""


def level(of: Community, key: str) -> Level:
    return schemes.find_by_key(of, key)
