"""A list entry, a request to enter, a set of groups and a clean-up, all of the hidden."""

from __future__ import annotations

from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.overlaps import group_sets
from qunce.groups.overlaps.models import CleanUp
from tests.two_communities.data import TwoCommunities


def add_group_people(data: TwoCommunities) -> None:
    by, at, member = data.owner, data.at, data.ids["member"]
    group = Group.objects.select_related("community").get(pk=data.ids["group"])
    entry = lists.add(
        community=data.community,
        list_name="black",
        account=member,
        groups=[group],
        reason="Homely reason",
        by=by,
        at=at,
    )
    lists.remove(entry=entry, by=by, at=at)
    gates.configure(group=group, keywords=["homely"], by=by, at=at)
    gates.switch(group=group, is_on=True, by=by, at=at)
    request = requests.open_request(group=group, account=member, by=by, at=at)
    gates.switch(group=group, is_on=False, by=by, at=at)
    group_rules.publish(group=group, text="Homely rules", by=by, at=at)
    both = list(Group.objects.filter(community=data.community).order_by("pk"))
    made = group_sets.create(name="Homely set", groups=both, by=by, at=at)
    run = CleanUp.objects.create(
        community=data.community,
        group_set=made,
        state="running",
        keep="earliest",
        created_at=at,
        by=by,
    )
    data.ids |= {
        "list entry": entry.pk,
        "entry request": request.pk,
        "group set": made.pk,
        "clean-up": run.pk,
    }
