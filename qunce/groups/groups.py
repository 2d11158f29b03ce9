"""Groups (chat rooms, or circles that meet offline) and their memberships."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    names,
    permissions,
    personal_texts,
    state_machine,
    text_validation,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import staff_roles, stays
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets.bitmaps import marks

MANAGE = permissions.declare(
    "groups.manage",
    permissions.Role.MANAGER,
    label=gettext_lazy("create and edit groups"),
)
EDIT_MEMBERS = permissions.declare(
    "groups.edit_members",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("add members to groups and remove them"),
)


class Stage(models.TextChoices):
    GROWING = "growing", gettext_lazy("growing")
    LASTING = "lasting", gettext_lazy("stable")
    RECALLING = "recalling", gettext_lazy("win-back")
    DEAD = "dead", gettext_lazy("retired")


class Audience(models.TextChoices):
    CUSTOMERS = "customers", gettext_lazy("customers")
    NEW_CUSTOMERS = "new_customers", gettext_lazy("new customers")
    OLD_CUSTOMERS = "old_customers", gettext_lazy("existing customers")
    GUIDES = "guides", gettext_lazy("shop assistants")


STATES = state_machine.StateMachine(
    {
        "stabilize": (("growing", "recalling"), "lasting"),
        "recall": (("growing", "lasting"), "recalling"),
        "close": (("growing", "lasting", "recalling"), "dead"),
        "revive": (("dead", "recalling", "lasting"), "growing"),
    }
)
"""Stages of a group, by the transition that leads to each."""


@personal_texts.erased_in("key", "name", sentences=("card",))
class Group(models.Model):
    """`state` is the stage.

    `card` is the positioning card: whom the group is for, its value, its rhythm.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    platform = models.CharField(max_length=30, default="offline")
    audience = models.CharField(
        max_length=20, choices=Audience.choices, default=Audience.CUSTOMERS
    )
    state = models.CharField(
        max_length=10, choices=Stage.choices, default=Stage.GROWING
    )
    kind = models.CharField(max_length=40, default="", blank=True)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    card: models.JSONField[Any, Any] = models.JSONField(default=dict)
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_group_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(marks.Mark):
    """The membership of an account in a group, kept after the account has left.

    A row that is neither present nor has a time of leaving is void: it describes no stay,
    as the import that wrote it was undone or the member was erased.
    """

    group = models.ForeignKey(
        Group,
        models.PROTECT,
        related_name="memberships",
        db_index=False,
        db_constraint=False,
    )
    role = models.CharField(max_length=20, default="member")
    joined_at = timestamps.TimestampField()
    left_at = timestamps.TimestampField(null=True)

    class Meta(marks.Mark.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "group"], name="one_membership_per_group"
            )
        ]
        indexes = [
            models.Index(fields=["group", "rev"], name="membership_by_rev"),
            # Few memberships have a role.
            models.Index(
                fields=["group"],
                condition=~models.Q(role="member"),
                name="membership_with_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.group_id}"

    @property
    def is_void(self) -> bool:
        return not self.present and self.left_at is None


class Stay(models.Model):
    """A finished stay in a group before the one that the membership describes."""

    group = models.ForeignKey(
        Group, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    account_id = models.BigIntegerField()
    role = models.CharField(max_length=20, default="member")
    joined_at = timestamps.TimestampField()
    left_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account_id", "joined_at"],
                name="one_stay_per_time_of_joining",
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="stay_by_account")]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.group_id} until {self.left_at:%Y-%m-%d}"


KIND = marks.MarkKind(name="group", model=Membership, ref_column="group_id")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupCreated(facts.FactKind):
    kind = "group.created"
    label = gettext_lazy("group created")
    instead = gettext_lazy("Import group members, or create the group through the API.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupChanged(facts.FactKind):
    kind = "group.changed"
    label = gettext_lazy("group changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupStageChanged(facts.FactKind):
    kind = "group.stage_changed"
    label = gettext_lazy("stage of a group changed")
    stage: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupJoined(facts.FactKind):
    kind = "group.joined"
    label = gettext_lazy("joined a group")
    role: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupLeft(facts.FactKind):
    """`how` is "left", "kicked" or "banned" where a channel reports it."""

    kind = "group.left"
    label = gettext_lazy("left a group")
    labels = {"how": gettext_lazy("how")}
    how: str = ""

    def payload(self) -> str | None:
        return super().payload() if self.how else None


class GroupNotFound(errors.NotFound):
    """There is no such group in this community."""


class GroupAlreadyExists(errors.Refused):
    """A group with this key already exists."""


class InvalidGroup(errors.Invalid):
    """A field of the group is invalid."""


class GroupFull(errors.Refused):
    """The group has no room for this many people."""


class GroupRetired(errors.Refused):
    """The group is retired, so nobody can join it."""


# Checks


def check_key(key: str) -> str:
    key = names.clean(key)
    if not key or len(key) > 200 or not text_validation.is_valid(key):
        raise InvalidGroup(_("A group's key has 1 to 200 characters."))
    return key


def check_visible(group: Group, by: Staff) -> None:
    """Raise GroupNotFound for a group that `by` does not see, as for an unknown one."""
    is_hidden = by.groups is not None and group.key not in by.groups
    if is_hidden or group.community_id != by.community_id:
        raise GroupNotFound(_("There is no such group."))


def check_capacity(group: Group) -> None:
    """Raise if the group is retired or has more members than its capacity."""
    if group.state == Stage.DEAD:
        raise GroupRetired(_("The group “%(group)s” is retired.") % {"group": group})
    if group.capacity is not None and count_members(group) > group.capacity:
        raise GroupFull(
            _("The group “%(group)s” can have at most %(n)s people.")
            % {"group": group, "n": group.capacity}
        )


def check_may_create(by: Staff) -> None:
    """Raise NotAllowed unless `by` may create groups, and would see the new one."""
    permissions.check_may(by, MANAGE)
    if by.groups is not None:
        raise permissions.ScopeTooNarrow(
            _("%(name)s sees only some of the groups and cannot create any.")
            % {"name": by.name}
        )


def may_create(by: Staff) -> bool:
    try:
        check_may_create(by)
    except permissions.NotAllowed:
        return False
    return True


@transaction.atomic
def create(
    *, community: Community, key: str, by: Staff, at: datetime, **fields: Any
) -> Group:
    """`fields` are those of Group: name, platform, audience, kind, capacity, card …"""
    check_may_create(by)
    key = check_key(key)
    if Group.objects.filter(community=community, key=key).exists():
        raise GroupAlreadyExists(_("A group “%(key)s” already exists.") % {"key": key})
    values = _clean({"name": key, **fields, "created_at": at, "by": by})
    group = Group(community=community, key=key, **values)
    _check_fields(group)
    group.save()
    facts.record(GroupCreated(group=group.pk), community=community, by=by, at=at)
    return group


@transaction.atomic
def update(*, group: Group, by: Staff, at: datetime, **fields: Any) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(group, by)
    fields = _clean(fields)
    changed = [name for name, new in fields.items() if getattr(group, name) != new]
    if not changed:
        return
    for name in changed:
        setattr(group, name, fields[name])
    _check_fields(group)
    group.save(update_fields=changed)
    # Names of fields only: the audit log must not repeat what a card says about people.
    event = GroupChanged(group=group.pk, fields=sorted(changed))
    facts.record(event, community=group.community, by=by, at=at)


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | ({"name": names.clean(fields["name"])} if "name" in fields else {})


def _check_fields(group: Group) -> None:
    if not text_validation.is_valid(f"{group.name}{group.audience}{group.card}"):
        raise InvalidGroup(_("This contains characters that cannot be stored."))
    try:
        group.clean_fields(exclude=["community", "by", "owner", "created_at", "card"])
    except ValidationError as error:
        raise InvalidGroup(" ".join(error.messages)) from None


@transaction.atomic
def change_stage(*, group: Group, transition: str, by: Staff, at: datetime) -> None:
    """Move the group to the stage that a transition of STATES leads to."""
    permissions.check_may(by, MANAGE)
    check_visible(group, by)
    STATES.transition(group, transition)
    event = GroupStageChanged(group=group.pk, stage=group.state)
    facts.record(event, community=group.community, by=by, at=at)


def add_members(
    *,
    group: Group,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    role: str = "member",
    happened_at: datetime | None = None,
    enforce_capacity: bool = True,
) -> int:
    """Add accounts to the group; returns how many were not in it before.

    Every 5,000 accounts are one transaction. What a channel reports has happened, so it
    does not enforce the capacity.
    """
    permissions.check_may(by, EDIT_MEMBERS)
    check_visible(group, by)
    account_ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=account_ids, at=at)
    joined_at = happened_at or at
    extra = {
        "role": role,
        "joined_at": timestamps.to_micros(joined_at),
        "left_at": None,
    }
    event = GroupJoined(group=group.pk, role=role)
    added = 0
    for chunk in account_queries.chunks(account_ids):
        with transaction.atomic():
            # Before their rows describe the new stay.
            stays.keep(group.pk, chunk)
            former = Membership.objects.filter(group=group, account_id__in=chunk)
            former_roles = set(former.exclude(role="member").values_list("role"))
            changes = marks.set_weights(
                KIND, group.community_id, group.pk, dict.fromkeys(chunk, 1), extra
            )
            # set_weights has locked the group's revision, so two transactions cannot
            # both fill the last place.
            if enforce_capacity:
                check_capacity(group)
            _record(event, group, changes, by, at, joined_at)
            if changes:
                roles = {role, *(role for (role,) in former_roles)}
                staff_roles.note_change(group.community_id, roles)
        added += len(changes)
    return added


def remove_members(
    *,
    group: Group,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    happened_at: datetime | None = None,
    how: str = "",
) -> int:
    """Remove accounts from the group; returns how many were in it."""
    permissions.check_may(by, EDIT_MEMBERS)
    check_visible(group, by)
    account_ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=account_ids, at=at)
    left_at = happened_at or at
    event = GroupLeft(group=group.pk, how=how)
    removed = 0
    for chunk in account_queries.chunks(account_ids):
        with transaction.atomic():
            changes = marks.restore_weights(
                KIND, group.community_id, group.pk, dict.fromkeys(chunk, 0)
            )
            Membership.objects.filter(
                group=group, account_id__in=list(changes), present=False
            ).update(left_at=left_at)
            _record(event, group, changes, by, at, left_at)
            rows = Membership.objects.filter(group=group, account_id__in=list(changes))
            roles = rows.exclude(role="member").values_list("role", flat=True)
            staff_roles.note_change(group.community_id, roles)
        removed += len(changes)
    return removed


def _record(
    event: facts.FactKind,
    group: Group,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    happened_at: datetime,
) -> None:
    facts.record_for_accounts(
        event,
        accounts,
        community=group.community,
        by=by,
        at=at,
        happened_at=itertools.repeat(happened_at),
    )


@transaction.atomic
def ensure(
    *,
    community: Community,
    keys: Iterable[str],
    by: Staff,
    at: datetime,
    platform: str = "offline",
) -> dict[str, int]:
    """Return group ids by key; creates the groups that do not exist yet.

    To staff who see only some groups, all others are unknown, and they create none.
    """
    permissions.check_community(by, community.pk)
    requested = set(keys)
    ids = find(community, requested)
    if by.groups is not None:
        unseen = requested - {key for key in ids if names.clean(key) in by.groups}
        for key in sorted(unseen):
            raise GroupNotFound(_("There is no group “%(key)s”.") % {"key": key})
    # Sorted, so that two imports create them in the same order and do not deadlock.
    missing = sorted({names.clean(key) for key in requested - set(ids)})
    for key in missing:
        create(community=community, key=key, by=by, at=at, platform=platform)
    return ids | find(community, requested - set(ids)) if missing else ids


# Reads


def get(community: Community, key: str) -> Group:
    try:
        return Group.objects.get(community=community, key=key)
    except Group.DoesNotExist:
        raise GroupNotFound(_("There is no group “%(key)s”.") % {"key": key}) from None


def find(community: Community, keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the groups that exist, by key as it was given."""
    cleaned = {key: names.clean(key) for key in keys}
    ids: dict[str, int] = {}
    for chunk in account_queries.chunks(sorted(set(cleaned.values()))):
        groups = Group.objects.filter(community=community, key__in=chunk)
        ids.update(groups.values_list("key", "pk"))
    return {key: ids[name] for key, name in cleaned.items() if name in ids}


def list_all(community: Community) -> models.QuerySet[Group]:
    return Group.objects.filter(community=community).order_by("key")


def count_members(group: Group) -> int:
    """Count people now in the group; a person with several accounts counts once."""
    rows = Membership.objects.filter(group=group, present=True)
    person_ids = account_queries.person_ids(rows.values_list("account_id", flat=True))
    return len(set(person_ids.values()))
