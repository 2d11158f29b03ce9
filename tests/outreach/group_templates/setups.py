"""Templates, and what is applied to groups, for these tests."""

from __future__ import annotations

from typing import Any

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.outreach.group_templates import (
    applications,
    comparison,
    parts,
    previews,
    templates,
)
from qunce.outreach.group_templates.models import (
    ApplicationResult,
    GroupTemplate,
)
from qunce.outreach.playbooks import playbooks
from qunce.outreach.playbooks.models import Playbook
from tests.factories import AT
from tests.outreach.playbooks.worker import wait

CONTENT: dict[str, dict[str, Any]] = {
    "card": {"rhythm": "Recipes at 8"},
    "details": {"kind": "vip", "capacity": 200},
}


def make(by: Staff, content: Any = CONTENT, name: str = "Book club") -> GroupTemplate:
    return templates.create(
        community=by.community, name=name, content=content, by=by, at=AT
    )


def apply(
    template: GroupTemplate, chosen: list[Group], by: Staff, at: Any = AT
) -> dict[str, ApplicationResult]:
    ids = [group.pk for group in chosen]
    shown = previews.compute(template=template, groups=ids, by=by, at=at)
    done = applications.apply(
        template=template, groups=ids, digest=shown.digest, by=by, at=at
    )
    rows = applications.list_results(application=done, by=by)
    return {row.group.key: row for row in rows}


def values(group: Group, template: GroupTemplate, by: Staff) -> dict[str, Any]:
    group = Group.objects.get(pk=group.pk)
    group.community = by.community
    return comparison.flatten(
        {
            key: part.load([group], fields, by, AT).now(group.pk)
            for key, fields in template.content.items()
            if (part := parts.find(key))
        }
    )


def group_playbook(by: Staff) -> Playbook:
    playbook = playbooks.create(
        community=by.community,
        name="Anniversary",
        definition={
            "for": "group",
            "entry": {"on": "founding", "offset": 1, "time": "09:00"},
            "again": {"mode": "never"},
            "steps": [wait("a", 60)],
        },
        by=by,
        at=AT,
        key="anniversary",
    )
    return playbook
