"""The pages of group templates: copy a group, preview, apply, undo, new groups."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.members.people import staff_accounts
from qunce.outreach.group_templates.models import Application, GroupTemplate
from tests import clients, factories
from tests.factories import AT


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def client(by: Staff) -> Client:
    return clients.browser(by)


def url(view: str, *args: Any) -> str:
    return reverse(f"group_templates:{view}", args=args)


def read(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def form_of(response: Any) -> dict[str, Any]:
    """What a browser sends back of the form of a template."""
    form = response.context["form"]
    return {
        name: value
        for name in form.fields
        if (value := form[name].value()) not in (None, False)
    }


def test_group_is_copied_applied_and_taken_back(
    client: Client, shop: Community, by: Staff
) -> None:
    li = factories.member(shop, "li", name="Li").pk
    staff_accounts.mark(accounts=[li], by=by, at=AT)
    good = factories.group(
        shop, "good", name="Good", kind="vip", capacity=3, card={"whom": "readers"}
    )
    groups.add_members(group=good, accounts=[li], role="service", by=by, at=AT)
    many = factories.members(shop, "a", "b", "c", "d")
    crowded = factories.group(shop, "crowded", *many, name="Crowded")
    assert "No group templates yet" in read(client.get(url("list")))
    page = client.get(url("create"), {"group": good.pk})
    response = client.post(url("create"), form_of(page))
    template = GroupTemplate.objects.get()
    assert response.headers["Location"] == url("detail", template.pk)
    assert template.content == {
        "details": {"kind": "vip", "audience": "customers", "capacity": 3},
        "card": {"whom": "readers"},
        "roles": {f"person:{li}": "service"},
    }
    # Opening and saving the form changes nothing.
    client.post(
        url("update", template.pk), form_of(client.get(url("update", template.pk)))
    )
    template.refresh_from_db()
    assert template.version == 1
    text = read(client.get(url("choose-groups", template.pk), {"q": "row"}))
    assert "Crowded" in text
    assert "Good" not in text.replace("Apply Good", "")
    chosen = url("choose-groups", template.pk)
    assert " checked>" not in client.get(chosen).content.decode()
    ticked = client.get(chosen, {"all": 1}).content.decode()
    assert ticked.count(" checked>") == 2
    page = client.post(url("preview", template.pk), {"group": [good.pk, crowded.pk]})
    text = read(page)
    assert "Version 1 would change 1 of 2 groups. Nothing is changed yet." in text
    assert "The group has 4 people, more than this capacity." in text
    assert "Li is not in the group. Add them first." in text
    data = {"group": [good.pk, crowded.pk], "digest": page.context["preview"].digest}
    groups.update(group=crowded, by=by, at=AT, kind="local")
    again = client.post(url("apply", template.pk), data)
    assert again.status_code == 409
    assert "Nothing was applied" in read(again)
    data["digest"] = again.context["preview"].digest
    response = client.post(url("apply", template.pk), data)
    done = Application.objects.get()
    assert response.headers["Location"] == url("application", done.pk)
    assert "2 applied" in read(client.get(url("application", done.pk)))
    assert Group.objects.get(pk=crowded.pk).kind == "vip"
    text = read(client.get(url("detail", template.pk)))
    assert "1 of 2 groups differ" in text
    assert "1 of 2 groups differ" in read(client.get(url("list")))
    client.post(url("undo", done.pk))
    assert "2 undone" in read(client.get(url("application", done.pk)))
    assert Group.objects.get(pk=crowded.pk).kind == "local"


def test_group_keeps_own_values_until_it_follows_nothing(
    client: Client, shop: Community, by: Staff
) -> None:
    group = factories.group(shop, "one", name="One")
    data = {"name": "Club", "kind": "vip", "no_limit": "on", "rhythm": "at 8"}
    client.post(url("create"), data)
    template = GroupTemplate.objects.get()
    assert template.content["details"] == {"kind": "vip", "capacity": None}
    page = client.post(url("preview", template.pk), {"group": [group.pk]})
    client.post(
        url("apply", template.pk),
        {"group": [group.pk], "digest": page.context["preview"].digest},
    )
    group.refresh_from_db()
    groups.update(group=group, by=by, at=AT, kind="local")
    assert "It was changed in the group." in read(client.get(url("group", group.pk)))
    client.post(url("pin", group.pk), {"pinned": "details.kind"})
    text = read(client.get(url("detail", template.pk)))
    assert "1 group, as in the template" in text
    assert "With own values" in text
    client.post(url("unfollow", group.pk))
    assert "The group follows no template." in read(client.get(url("group", group.pk)))


def test_numbered_groups_are_shown_before_they_are_created(
    client: Client, shop: Community
) -> None:
    client.post(url("create"), {"name": "Club", "kind": "vip"})
    template = GroupTemplate.objects.get()
    data = {"pattern": "Club {n}", "first": 1, "last": 2, "platform": "wecom"}
    page = client.post(url("new-groups", template.pk), data | {"pattern": "Club"})
    assert page.status_code == 422
    assert "exactly once" in read(page)
    page = client.post(url("new-groups", template.pk), data)
    assert "2 new groups" in read(page)
    assert not Group.objects.exists()
    client.post(
        url("new-groups", template.pk), data | {"digest": page.context["plan"].digest}
    )
    kinds = Group.objects.order_by("key").values_list("key", "kind")
    assert list(kinds) == [("Club 1", "vip"), ("Club 2", "vip")]
    text = read(client.get(url("application", Application.objects.get().pk)))
    assert "No channel opens chats automatically" in text


def test_form_names_what_is_wrong(client: Client, shop: Community) -> None:
    response = client.post(url("create"), {"name": "Club"})
    assert response.status_code == 422
    assert "nothing that groups could get" in read(response)
    both = {"name": "Club", "capacity": 5, "no_limit": "on"}
    assert "not both" in read(client.post(url("create"), both))
