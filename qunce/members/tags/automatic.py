"""Automatic tags: when a member joined and through which channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import translation
from django.utils.translation import gettext_lazy

from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes.values import AttributeValue
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags.models import Tag, TagBatch

SOURCE = "base"
TIMEZONE_ATTRIBUTE = "timezone"
"""Name of the attribute with a member's own time zone."""
HOUR_BANDS = ((0, 6), (6, 12), (12, 18), (18, 24))
MONTH_GROUP, HOUR_GROUP, VIA_GROUP = "joined-month", "joined-hour", "joined-via"
GROUP_NAMES = {
    MONTH_GROUP: gettext_lazy("Month joined"),
    HOUR_GROUP: gettext_lazy("Time of day joined"),
    VIA_GROUP: gettext_lazy("Joined through"),
}


def apply(
    *, community: Community, accounts: Iterable[int], by: Staff, at: datetime
) -> TagBatch:
    """Give these accounts the automatic tags that they do not have yet."""
    batch = assignments.create_batch(community=community, by=by, at=at, source=SOURCE)
    tags = _AutomaticTags(community, at)
    for chunk in account_queries.chunks(sorted(set(accounts))):
        accounts_by_tag: dict[int, list[int]] = {}
        for account, tag in _tags_of_accounts(tags, chunk):
            accounts_by_tag.setdefault(tag.pk, []).append(account)
        # By id, as every writer locks tags in that order.
        for pk, tagged in sorted(accounts_by_tag.items()):
            tag = tags.by_id[pk]
            assignments.apply(tag=tag, accounts=tagged, by=by, at=at, batch=batch)
    return batch


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction: tag the accounts that joined."""
    joined = [fact.account for fact in facts if fact.account is not None]
    existing = Account.objects.filter(
        community=community, pk__in=joined, erased_at__isnull=True
    )
    apply(
        community=community,
        accounts=existing.values_list("pk", flat=True),
        by=staff_models.system(community),
        at=at,
    )


def _tags_of_accounts(
    tags: _AutomaticTags, ids: Sequence[int]
) -> Iterator[tuple[int, Tag]]:
    """(account id, tag) for each automatic tag of these accounts."""
    values = AttributeValue.objects.filter(
        attribute__community=tags.community,
        attribute__name=TIMEZONE_ATTRIBUTE,
        account_id__in=ids,
        present=True,
    )
    zones = {}
    for account, text in values.values_list("account_id", "text"):
        try:
            zones[account] = ZoneInfo(text or "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    own_zones = zones
    sources = interned_names.names_by_id(accounts.SOURCE_NAMESPACE, tags.community.pk)
    rows = Account.objects.filter(pk__in=ids, community=tags.community).order_by("pk")
    for account, joined_at, source_id, channel in rows.values_list(
        "pk", "joined_at", "source_id", "channel"
    ):
        joined = joined_at.astimezone(own_zones.get(account, tags.zone))
        yield account, tags.month(joined)
        # Midnight sharp comes from files that contain dates only.
        if joined.time() != time.min:
            yield account, tags.hour(joined)
        yield account, tags.via(sources.get(source_id or 0) or channel)


class _AutomaticTags:
    """The automatic tags of a community, created on first use in its language."""

    def __init__(self, community: Community, at: datetime) -> None:
        self.community = community
        self.zone = ZoneInfo(community.timezone)
        self.by_id: dict[int, Tag] = {}
        self._by = staff_models.system(community)
        self._at = at
        self._by_key: dict[str, Tag] = {}

    def month(self, joined: datetime) -> Tag:
        return self._tag(MONTH_GROUP, f"joined:{joined:%Y-%m}", f"{joined:%Y-%m}")

    def hour(self, joined: datetime) -> Tag:
        start, end = next(band for band in HOUR_BANDS if joined.hour < band[1])
        return self._tag(HOUR_GROUP, f"joined:{start:02}-{end:02}", f"{start}–{end}")

    def via(self, channel: str) -> Tag:
        # A tag key must not contain “;”.
        name = " ".join(channel.replace(";", ",").split())
        return self._tag(VIA_GROUP, f"via:{name}"[:80].strip(), name[:80])

    def _tag(self, group_key: str, key: str, name: str) -> Tag:
        if key not in self._by_key:
            community, by, at = self.community, self._by, self._at
            tag = library.find(community, [key]).get(key)
            if tag is None:
                try:
                    group = tag_groups.get_by_key(community, group_key)
                except tag_groups.TagGroupNotFound:
                    with translation.override(community.language):
                        group_name = str(GROUP_NAMES[group_key])
                    group = tag_groups.create(
                        community=community,
                        key=group_key,
                        name=group_name,
                        by=by,
                        at=at,
                    )
                tag = library.create(
                    community=community, key=key, name=name, group=group, by=by, at=at
                )
            self._by_key[key] = self.by_id[tag.pk] = tag
        return self._by_key[key]
