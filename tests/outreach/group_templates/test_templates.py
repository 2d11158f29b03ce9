"""Group templates: made from a group, in versions, and checked."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import erased_texts
from qunce.members.people import people, staff_accounts
from qunce.outreach.group_templates import (
    applications,
    templates,
)
from qunce.outreach.group_templates.models import (
    GroupTemplateVersion,
)
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate
from tests import factories
from tests.factories import AT
from tests.outreach.group_templates.setups import (
    CONTENT,
    make,
)


def test_setup_of_a_group_is_copied(shop: Community, by: Staff) -> None:
    li, wang = factories.members(shop, "li", "wang")
    staff_accounts.mark(accounts=[li], by=by, at=AT)
    group = factories.group(
        shop, "first", kind="vip", card={"whom": "readers"}, owner=by
    )
    groups.add_members(group=group, accounts=[li], role="atmosphere", by=by, at=AT)
    groups.add_members(group=group, accounts=[wang], role="koc", by=by, at=AT)
    assert templates.copy_setup(group=group, by=by, at=AT) == {
        "details": {"kind": "vip", "audience": "customers", "owner": "ann"},
        "card": {"whom": "readers"},
        # A member of this group is not in the next one.
        "roles": {f"person:{li}": "atmosphere", "needs:koc": True},
    }
    chosen = templates.copy_setup(group=group, by=by, at=AT, chosen=["stage"])
    assert chosen == {"stage": {"stage": "growing"}}


def test_each_change_is_a_version(by: Staff) -> None:
    template = make(by)
    templates.update(template=template, name="Readers", content=CONTENT, by=by, at=AT)
    assert (template.name, template.version) == ("Readers", 1)
    templates.update(template=template, content={"card": {"whom": "x"}}, by=by, at=AT)
    stored = GroupTemplateVersion.objects.filter(template=template).order_by("number")
    assert [row.content for row in stored] == [CONTENT, {"card": {"whom": "x"}}]
    templates.archive(template=template, by=by, at=AT)
    with pytest.raises(templates.GroupTemplateNotInUse):
        applications.check_may_apply(template, by)
    templates.restore(template=template, by=by, at=AT)
    applications.check_may_apply(template, by)
    with pytest.raises(templates.GroupTemplateAlreadyExists):
        make(by, name="Readers")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "maps parts"),
        ({}, "nothing that groups could get"),
        ({"rules": {}}, "no part “rules”"),
        ({"card": []}, "maps fields"),
        ({"card": {"color": "red"}}, "no field “color”"),
        ({"card": {"whom": " "}}, "1 to 300 characters"),
        ({"details": {"capacity": True}}, "whole number"),
        ({"details": {"capacity": 1_000_001}}, "1,000,000"),
        ({"details": {"audience": "robots"}}, "must be one of"),
        ({"stage": {"stage": "open"}}, "must be one of"),
        ({"roles": {"service": "li"}}, "person:"),
        ({"roles": {"needs:boss": True}}, "must be one of"),
        ({"roles": {"needs:koc": False}}, "can only be true"),
        ({"playbooks": {"gone": True}}, "no playbook “gone”"),
    ],
)
def test_what_no_group_can_have_is_refused(
    by: Staff, content: Any, sentence: str
) -> None:
    with pytest.raises(InvalidGroupTemplate, match=sentence):
        make(by, content)


def test_erased_person_is_taken_out_of_templates(shop: Community, by: Staff) -> None:
    li = factories.member(shop, "li-the-helper")
    template = make(by, {**CONTENT, "roles": {f"person:{li.pk}": "service"}})
    people.erase(account=li, by=factories.staff(shop, "owner", "olga"), at=AT)
    erased_texts.erase(community_id=shop.pk, accounts=[li.pk], at=AT)
    template.refresh_from_db()
    assert template.content == {**CONTENT, "roles": {}}
    assert GroupTemplateVersion.objects.get(template=template).content["roles"] == {}
