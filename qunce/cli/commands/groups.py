"""`qunce groups`: chats, and circles that meet offline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import staff
from qunce.groups import group_cards, labels, memberships, visibility
from qunce.groups import groups as group_store
from qunce.groups.groups import Group
from qunce.insight import group_numbers
from qunce.members.accounts import masking

groups = base.Group("groups")


@groups.command("list", help=N_("List groups with their sizes, the largest first"))
@base.option(
    "--sort",
    "order",
    type=click.Choice(["size", "active", "message", "growth", "name"]),
    default="size",
    help=N_("what groups are sorted by; those without members come last"),
)
@options.pass_invocation
def list_groups(invocation: Invocation, order: str) -> None:
    by, at = invocation.by, invocation.at
    found = list(visibility.list_visible(by).select_related("owner"))
    invocation.derive()
    numbers = group_numbers.load(by=by, group_ids=[one.pk for one in found], at=at)
    ranked = group_numbers.sort(
        {group.pk: group.name for group in found}, numbers, order=order
    )
    by_id = {group.pk: group for group in found}
    rows = [
        _record(by_id[pk], numbers[pk].size)
        | {
            "active": numbers[pk].active,
            "joins": numbers[pk].joins,
            "leaves": numbers[pk].leaves,
            "last_message_at": numbers[pk].last_message_at,
        }
        for pk in ranked
    ]
    for row in rows:
        moment = row["last_message_at"]
        row["last_message_at"] = moment.isoformat() if moment else None
    invocation.out.answer({"groups": rows})
    for row in rows:
        invocation.out.line(f"{row['key']:<24} {row['members']:>8,}  {row['name']}")


@groups.command("show", help=N_("Show a group with its roles"))
@base.argument("key", help=N_("the group's key"))
@options.pass_invocation
def show(invocation: Invocation, key: str) -> None:
    group = _get(invocation, key)
    with_role = memberships.list_members_with_role(group=group, **invocation.verb_args)
    roles = [
        {
            "member_key": masking.key(member.account.key, invocation.by),
            "role": member.role,
        }
        for member in with_role
    ]
    size = memberships.count_members(group, invocation.by, invocation.at)
    staff_count = memberships.count_uncounted(group, invocation.by, invocation.at)
    record = _record(group, size) | {"staff": staff_count, "roles": roles}
    card = (
        f"{group_cards.LABELS[name]}: {text}" for name, text in record["card"].items()
    )
    invocation.out.answer(
        record,
        f"{group.key}  {group.name}",
        f"{group.get_state_display()}, {labels.label_of(labels.PLATFORMS, group.platform)}",
        _("%(n)s members") % {"n": f"{record['members']:,}"},
        *card,
        *(f"  {each['member_key']}  {each['role']}" for each in roles),
    )


FIELDS = (
    base.option("--name", help=N_("display name")),
    base.option("--platform", help=N_("such as wecom, douyin or offline")),
    base.option("--kind", help=N_("such as welfare, vip or seeding")),
    base.option(
        "--audience",
        type=click.Choice(group_store.Audience.values),
        help=N_("the kind of people in the group"),
    ),
    base.option("--capacity", type=int, help=N_("most people; 0 is no limit")),
    base.option("--whom", help=N_("the people that the group is for")),
    base.option("--value", help=N_("what members get")),
    base.option("--rhythm", help=N_("what is posted when")),
    base.option("--owner", help=N_("login of the staff who own it; empty is nobody")),
)


def _with_fields(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(FIELDS):
        command = option(command)
    return command


@groups.command("add", help=N_("Create a group"))
@base.argument("key", help=N_("the group's key"))
@_with_fields
@options.pass_invocation
def add(invocation: Invocation, key: str, **given: Any) -> None:
    group = group_store.create(
        community=invocation.community,
        key=key,
        **_arguments(invocation, given, {}),
        **invocation.verb_args,
    )
    invocation.out.answer(_record(group, 0), f"{group.key}  {group.name}")


@groups.command("edit", help=N_("Edit a group and its positioning card"))
@base.argument("key", help=N_("the group's key"))
@_with_fields
@options.pass_invocation
def edit(invocation: Invocation, key: str, **given: Any) -> None:
    group = _get(invocation, key)
    fields = _arguments(invocation, given, group.card)
    group_store.update(group=group, **fields, **invocation.verb_args)
    size = memberships.count_members(group, invocation.by, invocation.at)
    invocation.out.answer(_record(group, size), f"{group.key}  {group.name}")


def _arguments(
    invocation: Invocation, given: dict[str, Any], card: dict[str, str]
) -> dict[str, Any]:
    """Return the fields of a group that were given."""
    fields = {name: value for name, value in given.items() if value is not None}
    texts = {name: fields.pop(name) for name in group_cards.LABELS if name in fields}
    if texts:
        fields["card"] = group_cards.change(card, texts)
    if "owner" in fields:
        login = fields["owner"]
        fields["owner"] = staff.get_by_login(invocation.by, login) if login else None
    if "capacity" in fields:
        fields["capacity"] = fields["capacity"] or None
    return fields


def _get(invocation: Invocation, key: str) -> Group:
    found = visibility.list_visible(invocation.by).select_related("owner")
    for group in found.filter(key=key):
        group.community = invocation.community
        return group
    raise group_store.GroupNotFound(_("There is no group “%(key)s”.") % {"key": key})


def _record(group: Group, members: int) -> dict[str, Any]:
    return {
        "key": group.key,
        "name": group.name,
        "platform": group.platform,
        "audience": group.audience,
        "kind": group.kind,
        "state": group.state,
        "capacity": group.capacity,
        "card": group_cards.read(group),
        "owner": group.owner.login if group.owner else None,
        "members": members,
        "created_at": group.created_at.isoformat(),
    }
