"""Whitelist and blacklist: who is exempt from the rules, and who is kept out.

An entry holds for a member, or for an id of a channel that is not known as a member yet.
It counts for all accounts of the person, in every group or in some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    names,
    permissions,
    revisions,
    text_validation,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.groups.lists.list_facts import (
    ListEntryAdded,
    ListEntryExpired,
    ListEntryExtended,
    ListEntryRemoved,
    ListFact,
)
from qunce.groups.lists.models import (
    MAX_EVIDENCE_LENGTH,
    MAX_REASON_LENGTH,
    Ending,
    ListEntry,
    ListName,
    Scope,
)
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

EDIT = permissions.declare(
    "lists.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("put people on the whitelist and the blacklist"),
)
REVISION = "list"
BLACKLISTED = {"listed": {"on": "black"}}
"""The rule of members whom no group and no send is for."""
MAX_GROUPS = 500
"""Groups of an entry."""


# Errors


class ListEntryNotFound(errors.NotFound):
    """There is no such entry, or it has ended."""


class InvalidListEntry(errors.Invalid):
    """A field of the entry is not valid."""


class AlreadyListed(errors.Refused):
    """The person is on this list; `entry` is the one that can be extended."""

    def __init__(self, text: str, entry: ListEntry) -> None:
        super().__init__(text)
        self.entry = entry


class StaffNotListed(errors.Refused):
    """People who work here cannot be put on the blacklist."""


# Checks


def check_list_name(list_name: str) -> str:
    if list_name not in ListName.values:
        raise InvalidListEntry(_("Choose the whitelist or the blacklist."))
    return list_name


def check_may_add(list_name: str, groups: Sequence[Group], by: Staff) -> None:
    """Check that `by` may put people on this list of these groups, of all without any."""
    permissions.check_may(by, EDIT)
    check_list_name(list_name)
    check_scope(groups, by)


def check_scope(groups: Sequence[Group], by: Staff) -> None:
    """Check that `by` sees the groups; an entry without groups concerns all of them."""
    if not groups:
        permissions.check_unscoped(
            by,
            _("Choose groups: you see only some of them, and this holds for all.")
            if by.groups is not None
            else "",
        )
    if len(groups) > MAX_GROUPS:
        raise InvalidListEntry(
            _("An entry holds for at most %(n)s groups. Choose every group instead.")
            % {"n": MAX_GROUPS}
        )
    for group in groups:
        group_verbs.check_visible(group, by)


def _check_texts(**fields: str) -> dict[str, str]:
    limits = {
        "reason": (MAX_REASON_LENGTH, _("The reason")),
        "evidence": (MAX_EVIDENCE_LENGTH, _("The evidence")),
        "name": (200, _("The name")),
        "channel_key": (200, _("The id")),
    }
    for field, text in fields.items():
        limit, label = limits[field]
        if len(text) > limit or not text_validation.is_valid(text):
            raise InvalidListEntry(
                _("%(field)s has at most %(n)s characters, all of which can be stored.")
                % {"field": label, "n": limit}
            )
    return fields


def _check_expiry(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and expires_at <= at:
        raise InvalidListEntry(_("The expiry must be in the future."))


def _check_not_staff(community: Community, account: int, at: datetime) -> None:
    person = account_queries.account_ids_of_person(account)[0]
    if person in audiences.staff_people(community=community, at=at):
        raise StaffNotListed(
            _("This person works here and cannot be put on the blacklist.")
        )


# Verbs


@transaction.atomic
def add(
    *,
    community: Community,
    list_name: str,
    by: Staff,
    at: datetime,
    account: int | None = None,
    channel: str = "",
    channel_key: str = "",
    name: str = "",
    groups: Sequence[Group] = (),
    reason: str = "",
    evidence: str = "",
    expires_at: datetime | None = None,
) -> ListEntry:
    """Put a member, or an id of a channel, on a list; without groups, for all of them.

    Raises AlreadyListed if the person has an entry, which can be extended.
    """
    permissions.check_community(by, community.pk)
    check_may_add(list_name, groups, by)
    _check_expiry(expires_at, at)
    texts = _check_texts(
        name=names.clean(name),
        channel_key=channel_key.strip(),
        reason=names.clean(reason),
        evidence=evidence.strip(),
    )
    if account is None:
        account = _find_account(community, channel, texts["channel_key"], by, at)
    if account is None:
        # Whether the id belongs to a member whom `by` does not see stays unknown.
        permissions.check_unscoped(by)
    else:
        own = _get_listed(account, list_name, by, at)
        channel = own.channel
        texts |= {"channel_key": own.key, "name": texts["name"] or own.name[:200]}
    # Locks the lists, so that of two simultaneous entries one is refused.
    revisions.bump(community.pk, REVISION, [community.pk])
    entry = ListEntry(
        community=community,
        list_name=list_name,
        scope=Scope.GROUPS if groups else Scope.COMMUNITY,
        account_id=account,
        channel=channel,
        added_at=at,
        by=by,
        expires_at=expires_at,
        **texts,
    )
    _end_if_over(entry, at)
    if listed := _same_person(entry):
        raise _already_listed(entry, listed, by, at)
    entry.save()
    entry.groups.set(groups)
    event = ListEntryAdded(
        account=account, entry=entry.pk, list=list_name, scope=entry.scope
    )
    facts.record(event, community=community, by=by, at=at)
    return entry


def _get_listed(account: int, list_name: str, by: Staff, at: datetime) -> Account:
    """The account to put on a list, which `by` sees, and not of staff on the blacklist."""
    visibility.check_visible(by=by, accounts=[account], at=at)
    if list_name == ListName.BLACK:
        _check_not_staff(by.community, account, at)
    return Account.objects.get(pk=account)


def _find_account(
    community: Community, channel: str, key: str, by: Staff, at: datetime
) -> int | None:
    """The member with this id of a channel; one whom `by` does not see is unknown."""
    if not channel or not key:
        raise InvalidListEntry(
            _("Give a member, or the platform and the id that it calls the person.")
        )
    account = account_queries.find(community, [key], channel).get(key)
    if account is None or not visibility.filter_visible(
        by=by, accounts=[account], at=at
    ):
        return None
    return account


def _same_person(entry: ListEntry) -> ListEntry | None:
    """The entry of the same person on the same list that has not ended."""
    rows = ListEntry.objects.filter(
        community=entry.community, list_name=entry.list_name, ended_at__isnull=True
    )
    key = models.Q(channel=entry.channel, channel_key=entry.channel_key)
    same = models.Q(account_id__isnull=True) & key
    if entry.account_id is not None:
        accounts = account_queries.account_ids_of_person(entry.account_id)
        same |= models.Q(account_id__in=accounts)
    return rows.filter(same).order_by("pk").first()


def _already_listed(
    entry: ListEntry, listed: ListEntry, by: Staff, at: datetime
) -> AlreadyListed:
    on = listed.get_list_name_display()
    if list_visible(by, at).filter(pk=listed.pk).exists():
        text = _("%(name)s is on the %(list)s. Change that entry instead.")
        return AlreadyListed(text % {"name": _label(listed, by), "list": on}, listed)
    # What that entry says, and where it holds, is for others.
    text = _(
        "%(name)s is on the %(list)s by an entry that you do not see. Ask staff who see "
        "all groups."
    )
    return AlreadyListed(text % {"name": _label(entry, by), "list": on}, listed)


def _end_if_over(entry: ListEntry, at: datetime) -> None:
    """End the person's entry that has expired, before the clock does."""
    former = _same_person(entry)
    if former is not None and not former.is_active(at):
        _end(former, ListEntryExpired, Ending.EXPIRED, None, at)


@transaction.atomic
def extend(*, entry: ListEntry, by: Staff, at: datetime, **changes: Any) -> None:
    """Change `groups` (none of them: every group), `reason`, `evidence`, `expires_at`."""
    permissions.check_may(by, EDIT)
    check_visible(entry, by, at)
    # Nobody lifts or bends what holds in groups that they do not see.
    check_scope(list(entry.groups.order_by("key")), by)
    if "groups" in changes:
        check_scope(changes["groups"], by)
    revisions.bump(entry.community_id, REVISION, [entry.community_id])
    rows = ListEntry.objects.filter(pk=entry.pk, ended_at__isnull=True)
    texts = {name: changes[name] for name in ("reason", "evidence") if name in changes}
    fields: dict[str, Any] = dict(_check_texts(**texts))
    if "expires_at" in changes:
        _check_expiry(changes["expires_at"], at)
        fields["expires_at"] = changes["expires_at"]
    if "groups" in changes:
        fields["scope"] = Scope.GROUPS if changes["groups"] else Scope.COMMUNITY
    if not rows.update(**(fields or {"scope": entry.scope})):
        raise ListEntryNotFound(_("This entry has ended. Add the person again."))
    if "groups" in changes:
        entry.groups.set(changes["groups"])
    entry.refresh_from_db()
    event = ListEntryExtended(
        account=entry.account_id,
        entry=entry.pk,
        list=entry.list_name,
        scope=entry.scope,
    )
    facts.record(event, community=entry.community, by=by, at=at)


@transaction.atomic
def remove(*, entry: ListEntry, by: Staff, at: datetime) -> None:
    """Take somebody off a list; the entry is kept with who ended it."""
    permissions.check_may(by, EDIT)
    check_visible(entry, by, at)
    check_scope(list(entry.groups.order_by("key")), by)
    revisions.bump(entry.community_id, REVISION, [entry.community_id])
    if not _end(entry, ListEntryRemoved, Ending.REMOVED, by, at):
        raise ListEntryNotFound(_("This entry has ended already."))


def _end(
    entry: ListEntry,
    kind: type[ListFact],
    ending: str,
    by: Staff | None,
    at: datetime,
) -> bool:
    rows = ListEntry.objects.filter(pk=entry.pk, ended_at__isnull=True)
    if not rows.update(ending=ending, ended_at=at, ended_by=by):
        return False
    entry.refresh_from_db()
    event = kind(account=entry.account_id, entry=entry.pk, list=entry.list_name)
    facts.record(event, community=entry.community, by=by, at=at)
    return True


def expire_due(*, at: datetime) -> int:
    """End the entries whose time is over; returns how many."""
    due = ListEntry.objects.filter(ended_at__isnull=True, expires_at__lte=at)
    ended = 0
    for entry in due.select_related("community").order_by("pk")[:1_000]:
        with transaction.atomic():
            revisions.bump(entry.community_id, REVISION, [entry.community_id])
            ended += _end(entry, ListEntryExpired, Ending.EXPIRED, None, at)
    return ended


# Reads


def check_visible(entry: ListEntry, by: Staff, at: datetime) -> None:
    """Raise ListEntryNotFound for an entry that `by` does not see, as for none."""
    if not list_visible(by, at).filter(pk=entry.pk).exists():
        raise ListEntryNotFound(_("There is no such entry."))


def get(*, pk: int, by: Staff, at: datetime) -> ListEntry:
    rows = list_visible(by, at).select_related("community", "by", "ended_by")
    if not 0 < pk <= group_visibility.MAX_ID:
        raise ListEntryNotFound(_("There is no such entry."))
    try:
        return rows.get(pk=pk)
    except ListEntry.DoesNotExist:
        raise ListEntryNotFound(_("There is no such entry.")) from None


def list_visible(by: Staff, at: datetime) -> models.QuerySet[ListEntry]:
    """The entries that `by` sees, newest first.

    Staff with a scope see entries of members they see; those of some groups only if they
    see one of these.
    """
    permissions.check_may(by, EDIT)
    rows = ListEntry.objects.filter(community=by.community).order_by("-added_at", "-pk")
    if by.groups is not None:
        seen = group_visibility.list_visible(by).values("pk")
        through = ListEntry.groups.through.objects.filter(group_id__in=seen)
        in_seen = models.Q(pk__in=through.values("listentry_id"))
        rows = rows.filter(models.Q(scope=Scope.COMMUNITY) | in_seen)
    if by.scope is None:
        return rows
    listed = bitmaps.of(a for a in rows.values_list("account_id", flat=True) if a)
    people = visibility.list_visible(by=by, accounts=listed, at=at)
    by_person = account_queries.accounts_by_person(people)
    return rows.filter(account_id__in=[a for own in by_person.values() for a in own])


def find_white(group: Group, account: int, at: datetime) -> ListEntry | None:
    """The entry that exempts this person from the rules of the group, if any."""
    return _find(ListName.WHITE, group, account, at)


def find_black(group: Group, account: int, at: datetime) -> ListEntry | None:
    """The entry that keeps this person out of the group, if any."""
    return _find(ListName.BLACK, group, account, at)


def is_blacklisted(*, account: int, at: datetime, group: Group | None = None) -> bool:
    """Whether the person is kept out of this group, or without one of every group."""
    return _find(ListName.BLACK, group, account, at) is not None


def _find(
    list_name: str, group: Group | None, account: int, at: datetime
) -> ListEntry | None:
    accounts = account_queries.account_ids_of_person(account)
    same = models.Q(account_id__in=accounts)
    own = Account.objects.filter(pk__in=accounts).values_list(
        "community_id", "channel", "key"
    )
    for community, channel, key in own:
        # Listed before the channel reported the person.
        same |= models.Q(
            community=community,
            account_id__isnull=True,
            channel=channel,
            channel_key=key,
        )
    for entry in _active(at).filter(same, list_name=list_name).order_by("pk"):
        if _holds_in(entry, group):
            return entry
    return None


def _holds_in(entry: ListEntry, group: Group | None) -> bool:
    if entry.scope == Scope.COMMUNITY:
        return group is None or entry.community_id == group.community_id
    return group is not None and entry.groups.filter(pk=group.pk).exists()


def _active(at: datetime) -> models.QuerySet[ListEntry]:
    in_time = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at)
    return ListEntry.objects.filter(in_time, ended_at__isnull=True)


def list_accounts(
    *,
    community: Community,
    list_name: str,
    at: datetime,
    groups: Iterable[int] = (),
) -> BitMap:
    """The accounts on a list in every group, or in any of these groups as well."""
    rows = _active(at).filter(
        community=community, list_name=list_name, account_id__isnull=False
    )
    in_groups = ListEntry.groups.through.objects.filter(group_id__in=list(groups))
    everywhere = models.Q(scope=Scope.COMMUNITY)
    rows = rows.filter(everywhere | models.Q(pk__in=in_groups.values("listentry_id")))
    return bitmaps.of(a for a in rows.values_list("account_id", flat=True) if a)


def blacklisted_among(
    by_person: Mapping[int, Sequence[int]], *, at: datetime, group: Group | None = None
) -> set[int]:
    """Those of these people who are on the blacklist of every group, or of this one."""
    person_of = account_queries.invert(by_person)
    query = _BLACKLISTED if group is None else _BLACKLISTED_IN_GROUP
    values = {"group": group.pk if group else 0, "now": timestamps.to_micros(at)}
    found: set[int] = set()
    for chunk in account_queries.chunks(sorted(person_of)):
        rows = query.all(accounts=chunk, **values)
        found.update(person_of[row.account_id] for row in rows if row.account_id)
    return found


def _blacklisted(*, in_group: bool) -> models.QuerySet[ListEntry]:
    where = models.Q(scope=Scope.COMMUNITY)
    if in_group:
        groups = ListEntry.groups.through.objects.filter(group_id=Param("group"))
        where |= models.Q(pk__in=groups.values("listentry_id"))
    in_time = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=Param("now"))
    return ListEntry.objects.filter(
        in_time,
        where,
        ended_at__isnull=True,
        list_name=ListName.BLACK,
        account_id__in=Ids("accounts"),
    )


_BLACKLISTED = PreparedQuery(lambda: _blacklisted(in_group=False))
_BLACKLISTED_IN_GROUP = PreparedQuery(lambda: _blacklisted(in_group=True))


def rule_of_blacklisted(group: Group | None = None) -> dict[str, Any]:
    """The rule of whom neither a send nor, if one is given, this group is for."""
    if group is None:
        return BLACKLISTED
    return {"listed": {"on": ListName.BLACK.value, "group": group.key}}


def _label(entry: ListEntry, by: Staff) -> str:
    return entry.name or masking.key(entry.channel_key, by) or str(entry.account_id)
