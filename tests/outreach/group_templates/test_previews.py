"""Previews: what would change in each group, what cannot, and which groups differ."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.groups.groups import Group, GroupNotFound
from qunce.outreach.group_templates import (
    applications,
    following,
    previews,
    templates,
)
from qunce.outreach.group_templates.comparison import Cause, Status
from qunce.outreach.group_templates.models import (
    FollowedTemplate,
)
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate
from tests import factories
from tests.factories import AT, LATER
from tests.outreach.group_templates.setups import (
    CONTENT,
    apply,
    group_playbook,
    make,
)


def test_preview_says_what_changes_and_what_cannot(shop: Community, by: Staff) -> None:
    li = factories.member(shop, "li", name="Li").pk
    crowded = factories.group(shop, "crowded", name="Crowded")
    ready = factories.group(
        shop, "ready", kind="vip", capacity=1, card={"rhythm": "at 8"}
    )
    many = factories.members(shop, "a", "b", "c")
    groups.add_members(group=crowded, accounts=many, by=by, at=AT)
    groups.add_members(group=ready, accounts=[li], role="service", by=by, at=AT)
    template = make(
        by,
        {
            "details": {"kind": "vip", "capacity": 1},
            "card": {"rhythm": "at 8"},
            "roles": {f"person:{li}": "service", "needs:expert": True},
        },
    )
    shown = previews.compute(
        template=template, groups=[crowded.pk, ready.pk], by=by, at=AT
    )
    first, second = shown.groups
    assert {each.field for each in first.changes} == {"details.kind", "card.rhythm"}
    assert [(shown.label(each.field), each.reason) for each in first.conflicts] == [
        ("Capacity", "The group has 3 people, more than this capacity."),
        ("Li", "Li is not in the group. Add them first."),
        ("expert", "Nobody in the group has the role “expert”. Give it to a person."),
    ]
    assert [each.field for each in second.conflicts] == ["roles.needs:expert"]
    assert not second.changes
    assert shown.text("details.capacity", None) == "no limit"


def test_preview_of_a_hundred_groups_is_read_in_bulk(
    shop: Community, by: Staff
) -> None:
    li = factories.member(shop, "li", name="Li").pk
    chosen = [factories.group(shop, f"g{n}", capacity=500).pk for n in range(100)]
    group_playbook(by)
    template = make(
        by,
        {
            **CONTENT,
            "roles": {f"person:{li}": "service", "needs:koc": True},
            "stage": {"stage": "lasting"},
            "playbooks": {"anniversary": False},
        },
    )
    asked: dict[str, Any] = {"template": template, "by": by, "at": AT}
    with CaptureQueriesContext(connection) as few:
        previews.compute(groups=chosen[:1], **asked)
    with CaptureQueriesContext(connection) as many:
        shown = previews.compute(groups=chosen, **asked)
    assert len(shown.groups) == 100
    assert len(many) <= len(few)
    with pytest.raises(previews.TooManyGroups):
        previews.compute(groups=range(1, 302), **asked)


def test_numbers_beyond_all_ids_name_nothing(shop: Community, by: Staff) -> None:
    template = make(by)
    with pytest.raises(GroupNotFound):
        previews.compute(template=template, groups=[10**30], by=by, at=AT)
    for digits in (30, 5_000):
        with pytest.raises(errors.QunceError):
            make(by, {"roles": {f"person:{'9' * digits}": "service"}}, name="Other")


def test_outdated_preview_is_refused(shop: Community, by: Staff) -> None:
    group, other = factories.group(shop, "one"), factories.group(shop, "two")
    template = make(by)
    asked: dict[str, Any] = {
        "template": template,
        "groups": [group.pk],
        "by": by,
        "at": AT,
    }
    shown = previews.compute(**asked)
    groups.update(group=group, by=by, at=AT, kind="local")
    with pytest.raises(previews.PreviewOutdated, match="Nothing was applied"):
        applications.apply(**asked, digest=shown.digest)
    assert not FollowedTemplate.objects.exists()
    # Other groups than those shown are refused as well.
    shown = previews.compute(**asked)
    with pytest.raises(previews.PreviewOutdated):
        applications.apply(**asked | {"groups": [other.pk]}, digest=shown.digest)
    applications.apply(**asked, digest=shown.digest)
    group.refresh_from_db()
    assert (group.kind, group.capacity) == ("vip", 200)


def test_groups_that_differ_say_why(shop: Community, by: Staff) -> None:
    one, two, three = (factories.group(shop, key) for key in ("a", "b", "c"))
    template = make(by)
    apply(template, [one, two, three], by)
    groups.update(group=Group.objects.get(pk=two.pk), by=by, at=AT, kind="local")
    following.pin(group=three, fields=["details.capacity"], by=by, at=AT)
    new = {**CONTENT, "details": {"kind": "vip", "capacity": 300}}
    templates.update(template=template, content=new, by=by, at=AT)
    shown = following.compare_followers(template=template, by=by, at=AT)
    found = {
        row.group.key: [
            (d.field, d.status, d.cause)
            for d in row.differences
            if d.status != Status.SAME
        ]
        for row in shown.groups
    }
    newer = ("details.capacity", Status.CHANGE, Cause.TEMPLATE)
    assert found == {
        "a": [newer],
        "b": [("details.kind", Status.CHANGE, Cause.GROUP), newer],
        "c": [("details.capacity", Status.PINNED, Cause.TEMPLATE)],
    }
    assert [row.differs for row in shown.groups] == [True, True, False]
    # Nothing changes before the new version is applied, and then not what is pinned.
    assert Group.objects.get(pk=one.pk).capacity == 200
    apply(template, [one, three], by, LATER)
    assert Group.objects.get(pk=one.pk).capacity == 300
    assert Group.objects.get(pk=three.pk).capacity == 200
    following.unfollow(group=three, by=by, at=LATER)
    assert following.find(group=three, by=by) is None
    with pytest.raises(following.NoTemplateFollowed):
        following.pin(group=three, fields=[], by=by, at=LATER)
    with pytest.raises(InvalidGroupTemplate, match="has no field"):
        following.pin(group=one, fields=["card.whom"], by=by, at=LATER)


def test_role_of_a_person_who_left_the_group_stays_a_conflict(
    shop: Community, by: Staff
) -> None:
    (li,) = factories.members(shop, "li")
    group = factories.group(shop, "one")
    groups.add_members(group=group, accounts=[li], by=by, at=AT)
    template = make(by, {"roles": {f"person:{li}": "service"}})
    results = apply(template, [group], by)
    (found,) = memberships.list_members_with_role(group=group, by=by, at=AT)
    assert (found.account.pk, found.role) == (li, "service")
    assert results["one"].changes == [
        {"field": f"roles.person:{li}", "before": "member", "after": "service"}
    ]
    groups.remove_members(group=group, accounts=[li], by=by, at=LATER)
    (row,) = following.compare_followers(template=template, by=by, at=LATER).groups
    assert [each.status for each in row.differences] == [Status.CONFLICT]
