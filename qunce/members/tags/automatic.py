"""Automatic tags: when a member joined and through which channel."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy

from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, channel_labels
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes.values import AttributeValue
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags.models import Tag, TagBatch, Tagging
from qunce.members.tags.writer import TagWriter

SOURCE = "base"
JOB = "members.fill_template_tag"
TIMEZONE_ATTRIBUTE = "timezone"
"""Name of the attribute with a member's own time zone."""
HOUR_BANDS = ((0, 6), (6, 12), (12, 18), (18, 24))
MONTH_GROUP, HOUR_GROUP, VIA_GROUP = "joined-month", "joined-hour", "joined-via"
GROUP_NAMES = {
    MONTH_GROUP: gettext_lazy("Month joined"),
    HOUR_GROUP: gettext_lazy("Time of day joined"),
    VIA_GROUP: gettext_lazy("Joined through"),
}


TEMPLATE_WORDS: Mapping[str, Sequence[str]] = {
    "added:text-message": ("短信", "sms", "text message"),
    "added:livestream": ("直播", "livestream", "live stream"),
    "added:parcel-card": ("包裹", "parcel", "package insert"),
    "added:shared-card": ("名片", "shared card"),
    "added:qr-code": ("扫码", "扫描", "二维码", "活码", "qr", "qrcode", "qr code"),
    "added:group": ("群", "group", "group chat"),
    "added:shop": (
        *("门店", "店铺", "商城", "网店", "微店", "有赞", "淘宝", "天猫", "京东"),
        *("shop", "store", "shopify", "woocommerce", "taobao", "tmall", "jd"),
    ),
}
"""Tags of the e-commerce template by words in a source, the most specific word first."""
DECIDING_FIELDS = frozenset({"joined_at", "source", "source_id"})
"""Fields of an account that decide its automatic tags."""


def apply(
    *, community: Community, accounts: Iterable[int], by: Staff, at: datetime
) -> TagBatch:
    """Give these people the automatic tags of their accounts, and remove former ones.

    Only tags that were given automatically are removed.
    """
    batch = assignments.create_batch(community=community, by=by, at=at, source=SOURCE)
    tags = _AutomaticTags(community, at)
    for chunk in account_queries.chunks(sorted(set(accounts))):
        people = account_queries.accounts_by_person(chunk)
        ids = [account for own in people.values() for account in own]
        accounts_by_tag: dict[int, list[int]] = {}
        for account, tag in _tags_of_accounts(tags, ids):
            accounts_by_tag.setdefault(tag.pk, []).append(account)
        _remove_former(people, accounts_by_tag, TagWriter(batch, by, at))
        # By id, as every writer locks tags in that order.
        for pk, tagged in sorted(accounts_by_tag.items()):
            tag = tags.by_id[pk]
            # Staff archive tags that they do not want to see on new members.
            if tag.state == "active":
                assignments.apply(tag=tag, accounts=tagged, by=by, at=at, batch=batch)
    return batch


@transaction.atomic
def _remove_former(
    people: Mapping[int, Sequence[int]],
    accounts_by_tag: Mapping[int, Sequence[int]],
    writer: TagWriter,
) -> None:
    """Remove automatic taggings that no account of the person implies any more."""
    person_of = {account: person for person, own in people.items() for account in own}
    wanted = {
        (tag, person_of[account])
        for tag, accounts in accounts_by_tag.items()
        for account in accounts
    }
    former: dict[int, list[int]] = {}
    for chunk in account_queries.chunks(list(person_of)):
        rows = Tagging.objects.filter(
            account_id__in=chunk, source=SOURCE, present=True
        ).order_by("tag_id", "account_id")
        for tag_id, account in rows.values_list("tag_id", "account_id"):
            if (tag_id, person_of[account]) not in wanted:
                former.setdefault(tag_id, []).append(account)
    tags = Tag.objects.select_related("community", "group").in_bulk(list(former))
    for pk, tagged in sorted(former.items()):
        writer.write(tags[pk], dict.fromkeys(tagged, 0))


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction: tag the accounts that joined, or whose joining was corrected."""
    accounts = [
        fact.account
        for fact in facts
        if fact.account is not None
        and DECIDING_FIELDS.intersection(fact.payload.get("fields", DECIDING_FIELDS))
    ]
    _apply_by_system(community, accounts, at)


def react_to_unmerge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction: tag both sides, of which one had the automatic tags of both."""
    sides = [side for fact in facts for side in (fact.account, fact.payload["other"])]
    _apply_by_system(community, [side for side in sides if side is not None], at)


def react_to_template(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction: queue the filling of new tags of the template."""
    for tag in {str(fact.payload["tag"]) for fact in facts}.intersection(
        TEMPLATE_WORDS
    ):
        job_queue.schedule(
            job=JOB, key=f"{community.pk} {tag}", due_at=at, community=community
        )


def fill(key: str, *, at: datetime) -> None:
    """Give a tag of the template to the members it describes; `key` is the queued job's.

    Every 5,000 accounts are transactions of their own; repeating them changes nothing.
    """
    community_id, _space, tag = key.partition(" ")
    community = Community.objects.get(pk=int(community_id))
    sources = interned_names.names_by_id(accounts.SOURCE_NAMESPACE, community.pk)
    chosen = [pk for pk, name in sources.items() if find_template_key(name) == tag]
    rows = Account.objects.filter(community=community, erased_at__isnull=True)
    channels = rows.order_by().values_list("channel", flat=True).distinct()
    named = [channel for channel in channels if find_template_key(channel) == tag]
    rows = rows.filter(
        models.Q(source_id__in=chosen) | models.Q(source_id=None, channel__in=named)
    )
    _apply_by_system(community, list(rows.values_list("pk", flat=True)), at)


def _apply_by_system(
    community: Community, accounts: Sequence[int], at: datetime
) -> None:
    if not accounts:
        return
    ids: list[int] = []
    for chunk in account_queries.chunks(sorted(set(accounts))):
        existing = Account.objects.filter(
            community=community, pk__in=chunk, erased_at__isnull=True
        )
        ids += existing.values_list("pk", flat=True)
    by = staff_models.system(community)
    apply(community=community, accounts=ids, by=by, at=at)


@functools.lru_cache(maxsize=10_000)
def find_template_key(source: str) -> str:
    """Return the key of the template's tag for a source, empty if none fits."""
    plain = unicodedata.normalize("NFKC", source).casefold()
    plain = re.sub(r"[\s_-]+", " ", plain)
    for key, words in TEMPLATE_WORDS.items():
        for word in words:
            # “shop” is not in “workshop”; Chinese has no spaces between words.
            pattern = rf"\b{word}s?\b" if word.isascii() else word
            if re.search(pattern, plain, re.ASCII):
                return key
    return ""


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
        via = sources.get(source_id or 0) or channel
        yield account, tags.via(via)
        template = tags.find_template_tag(via)
        if template is not None:
            yield account, template


class _AutomaticTags:
    """The automatic tags of a community, created on first use in its language."""

    def __init__(self, community: Community, at: datetime) -> None:
        self.community = community
        self.zone = ZoneInfo(community.timezone)
        self.by_id: dict[int, Tag] = {}
        self._by = staff_models.system(community)
        self._at = at
        self._by_key: dict[str, Tag] = {}
        self._missing: set[str] = set()

    def month(self, joined: datetime) -> Tag:
        return self._tag(MONTH_GROUP, f"joined:{joined:%Y-%m}", f"{joined:%Y-%m}")

    def hour(self, joined: datetime) -> Tag:
        start, end = next(band for band in HOUR_BANDS if joined.hour < band[1])
        return self._tag(HOUR_GROUP, f"joined:{start:02}-{end:02}", f"{start}–{end}")

    def via(self, channel: str) -> Tag:
        # A tag key must not contain “;”.
        name = " ".join(channel.replace(";", ",").split())
        with translation.override(self.community.language):
            label = channel_labels.label_of(name)
        return self._tag(VIA_GROUP, f"via:{name}"[:80].strip(), label[:80])

    def find_template_tag(self, via: str) -> Tag | None:
        """Return the template's tag for the source, if the library has it."""
        key = find_template_key(via)
        if key and key not in self._by_key and key not in self._missing:
            tag = library.find(self.community, [key]).get(key)
            if tag is None:
                # Or else every account with this source would search for it.
                self._missing.add(key)
                return None
            self._by_key[key] = self.by_id[tag.pk] = tag
        return self._by_key.get(key)

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
                        automatic=True,
                        by=by,
                        at=at,
                    )
                tag = library.create(
                    community=community, key=key, name=name, group=group, by=by, at=at
                )
            self._by_key[key] = self.by_id[tag.pk] = tag
        return self._by_key[key]
