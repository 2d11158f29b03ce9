"""What each verb answers to whom.

There is a letter for each of ROLES: `a` allowed, `r` refused, `n` not found, and `x` for
a refusal that has nothing to do with who asks. Members, groups, orders and the like are
those that the scope hides, except for "within", a manager with a scope who tries what
they see.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.access.answers import (
    activities,
    channels,
    core,
    feedback,
    files,
    games,
    group_people,
    groups,
    homework,
    insight,
    instant_draws,
    levels,
    live_sessions,
    meetups,
    members,
    moderation,
    others,
    outreach,
    points,
    posts,
    prizes,
    sales,
    sales_with_points,
    surveys,
    topics,
)

ROLES = (
    "gone",
    "viewer",
    "operator",
    "manager",
    "owner",
    "scoped",
    "limited",
    "stranger",
    "within",
)

TABLES = (
    activities.ANSWERS,
    channels.ANSWERS,
    core.ANSWERS,
    feedback.ANSWERS,
    files.ANSWERS,
    games.ANSWERS,
    group_people.ANSWERS,
    groups.ANSWERS,
    insight.ANSWERS,
    levels.ANSWERS,
    live_sessions.ANSWERS,
    homework.ANSWERS,
    meetups.ANSWERS,
    members.ANSWERS,
    moderation.ANSWERS,
    others.ANSWERS,
    outreach.ANSWERS,
    points.ANSWERS,
    posts.ANSWERS,
    instant_draws.ANSWERS,
    prizes.ANSWERS,
    sales.ANSWERS,
    sales_with_points.ANSWERS,
    surveys.ANSWERS,
    topics.ANSWERS,
)


def list_all() -> Iterator[tuple[str, str]]:
    """Each verb with its letters."""
    for letters, verbs in (row for table in TABLES for row in table.items()):
        for verb in verbs.split():
            yield verb, letters
