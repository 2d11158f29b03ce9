"""`qunce groups`: chats, and circles that meet offline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups import groups as group_store
from qunce.groups import labels, memberships, visibility
from qunce.groups.groups import Group
from qunce.members.accounts import masking

groups = base.Group("groups")


@groups.command("list", help=N_("List groups with their sizes"))
@options.pass_invocation
def list_groups(invocation: Invocation) -> None:
    rows = [
        _record(invocation, group) for group in visibility.list_visible(invocation.by)
    ]
    invocation.out.answer({"groups": rows})
    for row in rows:
        invocation.out.line(f"{row['key']:<24} {row['members']:>8,}  {row['name']}")


@groups.command("show", help=N_("Show a group with its roles"))
@base.argument("key", help=N_("the group's key"))
@options.pass_invocation
def show(invocation: Invocation, key: str) -> None:
    group = visibility.list_visible(invocation.by).filter(key=key).first()
    if group is None:
        raise group_store.GroupNotFound(
            _("There is no group “%(key)s”.") % {"key": key}
        )
    group.community = invocation.community
    with_role = memberships.list_members_with_role(group=group, **invocation.verb_args)
    roles = [
        {
            "member_key": masking.key(member.account.key, invocation.by),
            "role": member.role,
        }
        for member in with_role
    ]
    record = _record(invocation, group) | {"roles": roles}
    invocation.out.answer(
        record,
        f"{group.key}  {group.name}",
        f"{group.get_state_display()}, {labels.label_of(labels.PLATFORMS, group.platform)}",
        _("%(n)s members") % {"n": f"{record['members']:,}"},
        *(f"  {each['member_key']}  {each['role']}" for each in roles),
    )


def _record(invocation: Invocation, group: Group) -> dict[str, Any]:
    return {
        "key": group.key,
        "name": group.name,
        "platform": group.platform,
        "audience": group.audience,
        "kind": group.kind,
        "state": group.state,
        "capacity": group.capacity,
        "members": memberships.count_members(group, invocation.by, invocation.at),
        "created_at": group.created_at.isoformat(),
    }
