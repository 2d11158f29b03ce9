"""The registry of groups: each chat room or circle, and who is in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, state_machine, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import marks

MANAGE = permissions.declare("groups.manage", permissions.Role.MANAGER)
EDIT_MEMBERS = permissions.declare(
    "groups.edit_members", permissions.Role.MANAGER, permissions.Role.OPERATOR
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


FLOW = state_machine.StateMachine(
    {
        "settle": (("growing", "recalling"), "lasting"),
        "recall": (("growing", "lasting"), "recalling"),
        "close": (("growing", "lasting", "recalling"), "dead"),
        "revive": (("dead", "recalling", "lasting"), "growing"),
    }
)
"""The stages of a group's own life, under the verbs that lead there."""


class Group(models.Model):
    """`state` is the stage. `card` positions it: whom, what value, which rhythm."""

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
    threshold = models.CharField(max_length=200, default="", blank=True)
    card: models.JSONField[Any, Any] = models.JSONField(default=dict)
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="one_group_a_key")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(marks.Mark):
    """An account's place in a group, kept after it left."""

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
                fields=["group", "account_id"], name="one_membership_a_group"
            )
        ]
        indexes = [
            models.Index(fields=["group", "rev"], name="membership_by_rev"),
            models.Index(fields=["account_id"], name="membership_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.group_id}"


KIND = marks.MarkKind(name="group", model=Membership, ref_column="group_id")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupCreated(facts.FactKind):
    kind = "group.created"
    label = gettext_lazy("group created")


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
    kind = "group.left"
    label = gettext_lazy("left a group")


class GroupNotFound(errors.NotFound):
    """There is no such group in this community."""


class GroupAlreadyExists(errors.Refused):
    """There is a group of this key already."""


class InvalidGroup(errors.Invalid):
    """A group needs a key; its capacity is a number of people."""


class GroupFull(errors.Refused):
    """More people would be in the group than it holds."""


class GroupRetired(errors.Refused):
    """Nobody joins a group that is given up."""


# Checks


def check_key(key: str) -> str:
    key = key.strip()
    if not key or len(key) > 200 or not text_validation.is_text(key):
        raise InvalidGroup(_("A group's key has 1 to 200 characters."))
    return key


def check_capacity(group: Group) -> None:
    """Whether the group holds all who are in it."""
    if group.state == Stage.DEAD:
        raise GroupRetired(_("The group “%(group)s” is retired.") % {"group": group})
    if group.capacity is not None and count_members(group) > group.capacity:
        raise GroupFull(
            _("The group “%(group)s” can have at most %(n)s people.")
            % {"group": group, "n": group.capacity}
        )


# Verbs


@transaction.atomic
def create(
    *, community: Community, key: str, by: Staff, at: datetime, **about: Any
) -> Group:
    """`about` are fields of Group: name, platform, audience, kind, capacity, card …"""
    permissions.check_may(by, MANAGE)
    key = check_key(key)
    if Group.objects.filter(community=community, key=key).exists():
        raise GroupAlreadyExists(_("A group “%(key)s” already exists.") % {"key": key})
    fields = {"name": key, **about, "created_at": at, "by": by}
    group = Group(community=community, key=key, **fields)
    _check_fields(group)
    group.save()
    facts.record(GroupCreated(group=group.pk), community=community, by=by, at=at)
    return group


@transaction.atomic
def update(*, group: Group, by: Staff, at: datetime, **about: Any) -> None:
    permissions.check_may(by, MANAGE)
    changed = [field for field, new in about.items() if getattr(group, field) != new]
    if not changed:
        return
    for field in changed:
        setattr(group, field, about[field])
    _check_fields(group)
    group.save(update_fields=changed)
    event = GroupChanged(group=group.pk, fields=sorted(changed))
    facts.record(event, community=group.community, by=by, at=at)


def _check_fields(group: Group) -> None:
    if not text_validation.is_text(f"{group.name}{group.audience}{group.card}"):
        raise InvalidGroup(_("This contains characters that cannot be stored."))
    try:
        group.clean_fields(exclude=["community", "by", "owner", "created_at", "card"])
    except ValidationError as error:
        raise InvalidGroup(" ".join(error.messages)) from None


@transaction.atomic
def change_stage(*, group: Group, step: str, by: Staff, at: datetime) -> None:
    """Take a step of the group's life: settle, recall, close or revive."""
    permissions.check_may(by, MANAGE)
    FLOW.move(group, step)
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
) -> int:
    """Put accounts in the group; returns how many were not in it.

    Each 5,000 accounts are one transaction.
    """
    permissions.check_may(by, EDIT_MEMBERS)
    wanted = sorted(set(accounts))
    account_queries.check_ids(group.community, wanted)
    moment = happened_at or at
    extra = {"role": role, "joined_at": timestamps.to_micros(moment), "left_at": None}
    joined = 0
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            changes = marks.set_weights(
                KIND, group.community_id, group.pk, dict.fromkeys(chunk, 1), extra
            )
            # The revision is locked by now, so no room is given away twice.
            check_capacity(group)
            event = GroupJoined(group=group.pk, role=role)
            _record(event, group, changes, by, at, moment)
        joined += len(changes)
    return joined


def remove_members(
    *,
    group: Group,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    happened_at: datetime | None = None,
) -> int:
    """Take accounts out of the group; returns how many were in it."""
    permissions.check_may(by, EDIT_MEMBERS)
    wanted = sorted(set(accounts))
    account_queries.check_ids(group.community, wanted)
    moment = happened_at or at
    left = 0
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            gone = dict.fromkeys(chunk, 0)
            changes = marks.restore_weights(KIND, group.community_id, group.pk, gone)
            Membership.objects.filter(
                group=group, account_id__in=list(changes), present=False
            ).update(left_at=moment)
            event = GroupLeft(group=group.pk)
            _record(event, group, changes, by, at, moment)
        left += len(changes)
    return left


def _record(
    event: facts.FactKind,
    group: Group,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    moment: datetime,
) -> None:
    facts.record_for_accounts(
        event,
        accounts,
        community=group.community,
        by=by,
        at=at,
        happened=itertools.repeat(moment),
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
    """Key → id of these groups, made where missing: for files and webhooks."""
    wanted = set(keys)
    found = find(community, wanted)
    for key in sorted(wanted - set(found)):
        group = create(community=community, key=key, by=by, at=at, platform=platform)
        found[key] = group.pk
    return found


def forget_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """A reaction: who is erased is in no group."""
    gone = [fact.account for fact in facts if fact.account is not None]
    forget_members(community=community, accounts=gone)


def forget_members(*, community: Community, accounts: Iterable[int]) -> int:
    """Take erased accounts out of every group without a word in the log."""
    taken = 0
    rows = Membership.objects.filter(account_id__in=list(accounts), present=True)
    found: dict[int, list[int]] = {}
    for group_id, account in rows.values_list("group_id", "account_id"):
        found.setdefault(group_id, []).append(account)
    for group_id, some in sorted(found.items()):
        with transaction.atomic():
            gone = dict.fromkeys(some, 0)
            taken += len(marks.restore_weights(KIND, community.pk, group_id, gone))
    return taken


# Reads


def get(community: Community, key: str) -> Group:
    try:
        return Group.objects.get(community=community, key=key)
    except Group.DoesNotExist:
        raise GroupNotFound(_("There is no group “%(key)s”.") % {"key": key}) from None


def find(community: Community, keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in account_queries.chunks(sorted(set(keys))):
        groups = Group.objects.filter(community=community, key__in=chunk)
        found.update(groups.values_list("key", "pk"))
    return found


def list_all(community: Community) -> models.QuerySet[Group]:
    return Group.objects.filter(community=community).order_by("key")


def count_members(group: Group) -> int:
    """People in the group now, each once."""
    accounts = Membership.objects.filter(group=group, present=True)
    heads = account_queries.person_ids(accounts.values_list("account_id", flat=True))
    return len(set(heads.values()))
