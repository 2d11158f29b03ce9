"""Base tags: when somebody was added and through which channel, without being asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import translation
from django.utils.translation import gettext as _

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
from qunce.members.tags.models import Tag, TagBatch, TagGroup

SOURCE = "base"
TIMEZONE_ATTRIBUTE = "timezone"
"""Name of the attribute that holds a member's own time zone, where one is known."""
HOUR_BANDS = ((0, 6), (6, 12), (12, 18), (18, 24))
WHEN, HOUR, VIA = "joined-month", "joined-hour", "joined-via"


def apply(
    *, community: Community, accounts: Iterable[int], by: Staff, at: datetime
) -> TagBatch:
    """Give these accounts their base tags; who has them keeps them."""
    batch = assignments.create_batch(community=community, by=by, at=at, source=SOURCE)
    shelf = _Shelf(community, at)
    for chunk in account_queries.chunks(sorted(set(accounts))):
        wanted: dict[int, list[int]] = {}
        for account, tag in _tags_of(shelf, chunk):
            wanted.setdefault(tag.pk, []).append(account)
        for pk, some in sorted(wanted.items()):
            tag = shelf.by_id[pk]
            assignments.apply(tag=tag, accounts=some, by=by, at=at, batch=batch)
    return batch


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """A reaction: who joined gets base tags."""
    joined = [fact.account for fact in facts if fact.account is not None]
    here = Account.objects.filter(
        community=community, pk__in=joined, erased_at__isnull=True
    )
    apply(
        community=community,
        accounts=here.values_list("pk", flat=True),
        by=staff_models.system(community),
        at=at,
    )


def _tags_of(shelf: _Shelf, chunk: Sequence[int]) -> Iterator[tuple[int, Tag]]:
    rows = Account.objects.filter(pk__in=chunk, community=shelf.community)
    own = _own_zones(shelf.community, chunk)
    sources = interned_names.listed(accounts.SOURCE_NAMESPACE, shelf.community.pk)
    found = rows.order_by("pk").values_list("pk", "joined_at", "source_id", "channel")
    for account, joined_at, source, channel in found:
        local = joined_at.astimezone(own.get(account, shelf.zone))
        yield account, shelf.month(local)
        # A file that tells days alone says midnight sharp, which nobody kept to.
        if local.time() != time.min:
            yield account, shelf.hour(local)
        yield account, shelf.via(sources.get(source or 0) or channel)


def _own_zones(community: Community, chunk: Sequence[int]) -> dict[int, ZoneInfo]:
    known = AttributeValue.objects.filter(
        attribute__community=community,
        attribute__name=TIMEZONE_ATTRIBUTE,
        account_id__in=chunk,
        present=True,
    )
    zones = {}
    for account, text in known.values_list("account_id", "text"):
        try:
            zones[account] = ZoneInfo(text or "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return zones


class _Shelf:
    """The base tags of one community, made when first needed, in its language."""

    def __init__(self, community: Community, at: datetime) -> None:
        self.community = community
        self.zone = ZoneInfo(community.timezone)
        self.by_id: dict[int, Tag] = {}
        self._by = staff_models.system(community)
        self._at = at
        self._known: dict[str, Tag] = {}

    def month(self, local: datetime) -> Tag:
        return self._tag(WHEN, f"joined:{local:%Y-%m}", f"{local:%Y-%m}")

    def hour(self, local: datetime) -> Tag:
        start, end = next(band for band in HOUR_BANDS if local.hour < band[1])
        return self._tag(HOUR, f"joined:{start:02}-{end:02}", f"{start}–{end}")

    def via(self, channel: str) -> Tag:
        clean = " ".join(channel.replace(";", ",").split())
        return self._tag(VIA, f"via:{clean}"[:80].strip(), clean[:80])

    def _tag(self, group: str, key: str, name: str) -> Tag:
        if key not in self._known:
            found = library.find(self.community, [key]).get(key)
            tag = found or self._make(group, key, name)
            self._known[key] = self.by_id[tag.pk] = tag
        return self._known[key]

    def _make(self, group: str, key: str, name: str) -> Tag:
        return library.create(
            community=self.community,
            key=key,
            name=name,
            group=self._group(group),
            by=self._by,
            at=self._at,
        )

    def _group(self, key: str) -> TagGroup:
        try:
            return tag_groups.get_by_key(self.community, key)
        except tag_groups.TagGroupNotFound:
            with translation.override(self.community.language):
                name = _group_name(key)
            return tag_groups.create(
                community=self.community,
                key=key,
                name=name,
                by=self._by,
                at=self._at,
            )


def _group_name(key: str) -> str:
    said = {
        WHEN: _("Month joined"),
        HOUR: _("Time of day joined"),
        VIA: _("Joined through"),
    }
    return said[key]
