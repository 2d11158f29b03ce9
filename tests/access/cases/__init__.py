"""How the sweep calls each verb, by area; the modules register their cases."""

from __future__ import annotations

from tests.access.cases import (
    care,
    content,
    feedback,
    files,
    group_people,
    group_templates,
    groups,
    insight,
    members,
    moderation,
    personal_links,
    playbooks,
    questions,
    series,
    settings,
    tag_rules,
    tasks,
    welcomes,
    words,
)
from tests.access.cases.base import CASES

__all__ = [
    "CASES",
    "care",
    "content",
    "feedback",
    "files",
    "group_people",
    "group_templates",
    "groups",
    "insight",
    "members",
    "moderation",
    "personal_links",
    "playbooks",
    "questions",
    "series",
    "settings",
    "tag_rules",
    "tasks",
    "welcomes",
    "words",
]
