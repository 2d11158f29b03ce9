"""New groups with names by number and the setup of a template."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.outreach.group_templates import (
    applications,
    new_groups,
    previews,
)
from qunce.outreach.tasks.staff_tasks import TaskRequest
from tests import factories
from tests.factories import AT, LATER
from tests.outreach.group_templates.setups import (
    make,
)


def test_new_groups_have_names_by_number_and_the_setup(
    shop: Community, by: Staff
) -> None:
    helper = factories.staff(shop, "operator", "helper")
    factories.group(shop, "old", name="Readers 42")
    template = make(by)
    numbering = new_groups.Numbering(pattern="Readers {n}", first=41, last=43)
    shown = new_groups.plan(template=template, numbering=numbering, by=by)
    assert [(new.name, bool(new.problem)) for new in shown.groups] == [
        ("Readers 41", False),
        ("Readers 42", True),
        ("Readers 43", False),
    ]
    asked: dict[str, Any] = {"template": template, "numbering": numbering, "by": by}
    done = new_groups.create(**asked, digest=shown.digest, at=AT, staff=[helper.pk])
    rows = list(applications.list_results(application=done, by=by))
    assert [(row.group.key, row.group.capacity) for row in rows] == [
        ("Readers 41", 200),
        ("Readers 43", 200),
    ]
    assert TaskRequest.objects.get().text == "Readers 41\nReaders 43"
    with pytest.raises(previews.PreviewOutdated):
        new_groups.create(**asked, digest=shown.digest, at=AT)
    # An undo retires new groups, unless somebody has joined.
    (li,) = factories.members(shop, "li")
    groups.add_members(group=rows[0].group, accounts=[li], by=by, at=AT)
    assert applications.undo(application=done, by=by, at=LATER) == 1
    rows = list(applications.list_results(application=done, by=by))
    assert [(row.state, row.group.state) for row in rows] == [
        ("done", "growing"),
        ("undone", "dead"),
    ]
    assert "has members already" in rows[0].problem


@pytest.mark.parametrize(
    ("pattern", "first", "last", "sentence"),
    [
        ("Readers", 1, 2, "exactly once"),
        ("{n} {n}", 1, 2, "exactly once"),
        ("{n} {x}", 1, 2, "exactly once"),
        ("R {n}", 5, 4, "smaller than the first"),
        ("R {n}", 1, 101, "At most 100"),
        ("R" * 200 + "{n}", 1, 1, "at most 190"),
    ],
)
def test_numbering_that_cannot_be_is_refused(
    by: Staff, pattern: str, first: int, last: int, sentence: str
) -> None:
    numbering = new_groups.Numbering(pattern=pattern, first=first, last=last)
    with pytest.raises(new_groups.InvalidPattern, match=sentence):
        new_groups.plan(template=make(by), numbering=numbering, by=by)
