"""Texts of messages: stored beside their facts, shown to few, deleted after a while.

Whatever brings a message with a text, a chat log, a program or a channel, stores it here.
No fact has a text, as facts are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    community_days,
    db,
    errors,
    permissions,
    personal_texts,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts.models import (
    DEFAULT_RETENTION,
    MessageDay,
    MessageText,
    MessageTextRetention,
)
from qunce.members.people import person_export, visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.members.people.person_export import Records

READ = permissions.declare(
    "messages.read",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("read what members wrote"),
)
SET_RETENTION = permissions.declare(
    "messages.set_retention",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("decide how long the texts of messages are kept"),
)
CHAT_LOG = "chat_log"
"""The source of the messages of all logs, so that the same log of two sources is one."""
MIN_RETENTION, MAX_RETENTION = 1, 3_650
MAX_LENGTH = 10_000
"""Characters of a text that are stored."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessageRetentionChanged(facts.FactKind):
    kind = "message.retention_changed"
    label = gettext_lazy("retention of messages changed")
    labels = {"days": gettext_lazy("days")}
    instead = gettext_lazy(
        "Change it on the page “Words and brands”, or through the API."
    )
    days: int


class InvalidRetention(errors.Invalid):
    """Texts cannot be kept for this number of days."""


@dataclass(frozen=True)
class NewText:
    """`happened_at` is in microseconds, `key` that of the fact."""

    key: str
    account: int
    group: int | None
    happened_at: int
    text: str


# Verbs


@transaction.atomic
def set_retention(*, community: Community, days: int, by: Staff, at: datetime) -> None:
    """Decide for how many days texts are kept; older ones are deleted within the hour."""
    permissions.check_may(by, SET_RETENTION)
    permissions.check_community(by, community.pk)
    if not MIN_RETENTION <= days <= MAX_RETENTION:
        raise InvalidRetention(
            _("Texts are kept for %(min)s to %(max)s days.")
            % {"min": MIN_RETENTION, "max": f"{MAX_RETENTION:,}"}
        )
    if days == retention_of(community):
        return
    MessageTextRetention.objects.update_or_create(
        community=community, defaults={"days": days}
    )
    event = MessageRetentionChanged(days=days)
    facts.record(event, community=community, by=by, at=at)


def store(community: Community, source_id: int, new: Sequence[NewText]) -> None:
    """Store the texts of new messages, in the transaction that records them."""
    rows = [
        MessageText(
            community=community,
            source_id=source_id,
            key=each.key,
            account_id=each.account,
            group_id=each.group or 0,
            happened_at=timestamps.from_micros(each.happened_at),
            text=each.text[:MAX_LENGTH],
        )
        for each in new
        if each.text
    ]
    MessageText.objects.bulk_create(rows, ignore_conflicts=True)
    _note_changes(community, ((row.group_id, row.happened_at) for row in rows))


def remove(community: Community, source_id: int, keys: Sequence[str]) -> None:
    """Delete the texts of messages that are withdrawn, in the same transaction."""
    for chunk in account_queries.chunks(sorted(keys)):
        _delete(
            community, MessageText.objects.filter(source_id=source_id, key__in=chunk)
        )


def _delete(community: Community, rows: models.QuerySet[MessageText]) -> None:
    days = list(rows.values_list("group_id", "happened_at"))
    rows.delete()
    _note_changes(community, days)


NOTE_CHANGE = """
INSERT INTO members_message_day
    (community_id, group_id, day, changes, counted, has_texts) VALUES {rows}
ON CONFLICT (community_id, group_id, day)
DO UPDATE SET changes = members_message_day.changes + 1, has_texts = TRUE
"""
DAYS_PER_STATEMENT = 100


def _note_changes(
    community: Community, changed: Iterable[tuple[int, datetime]]
) -> None:
    """Note which days have other texts, so that their words are counted again."""
    # In one order, as two imports may change the same days.
    days = sorted({(group, community.day(at)) for group, at in changed})
    for start in range(0, len(days), DAYS_PER_STATEMENT):
        some = days[start : start + DAYS_PER_STATEMENT]
        values: list[object] = []
        for group, day in some:
            values += [community.pk, group, day, 1, 0, True]
        rows = ", ".join([f"({db.placeholders(6)})"] * len(some))
        db.execute(NOTE_CHANGE.format(rows=rows), values)


@personal_texts.register
def erase(person: personal_texts.ErasedPerson) -> None:
    """Delete what erased people wrote, and their names and numbers in others' texts."""
    community = Community.objects.get(pk=person.community_id)
    own = MessageText.objects.filter(account_id__in=person.accounts)
    with transaction.atomic():
        _delete(community, own)
    others = MessageText.objects.filter(community=community)
    named = others.filter(personal_texts.contains_any("text", person)).order_by("pk")
    for pk, group, at, text in named.values_list(
        "pk", "group_id", "happened_at", "text"
    ):
        left = person.remove_from(text, is_sentence=True)
        if left != text:
            with transaction.atomic():
                MessageText.objects.filter(pk=pk).update(text=left)
                _note_changes(community, [(group, at)])


def delete_day(row: MessageDay, community: Community) -> int:
    """Delete the texts of a day, in the transaction that keeps its counts; how many."""
    first, end = span_of(community, row.day)
    texts = MessageText.objects.filter(
        community=community,
        group_id=row.group_id,
        happened_at__gte=first,
        happened_at__lt=end,
    )
    deleted = texts.delete()[0]
    MessageDay.objects.filter(pk=row.pk).update(has_texts=False)
    return deleted


# Reads


def span_of(community: Community, day: int) -> tuple[datetime, datetime]:
    """Return when a community day begins and ends."""
    begin, end = (
        community_days.start_of(community.timezone, community.day_start, each)
        for each in (day, day + 1)
    )
    return timestamps.from_micros(begin), timestamps.from_micros(end)


def retention_of(community: Community) -> int:
    """Return for how many days texts are kept."""
    rows = MessageTextRetention.objects.filter(community=community)
    return rows.values_list("days", flat=True).first() or DEFAULT_RETENTION


def first_kept_day(community: Community, at: datetime) -> int:
    """Return the first community day whose texts are kept."""
    return community.day(at) - retention_of(community)


def list_uncounted(limit: int) -> Sequence[MessageDay]:
    """Return days whose words are to be counted, the newest first."""
    rows = MessageDay.objects.filter(counted__lt=models.F("changes"))
    return list(rows.select_related("community").order_by("-day", "pk")[:limit])


def list_of_day(row: MessageDay) -> list[tuple[int, str]]:
    """Return accounts and texts of a day of a group, in the order of time."""
    first, end = span_of(row.community, row.day)
    texts = MessageText.objects.filter(
        community_id=row.community_id,
        group_id=row.group_id,
        happened_at__gte=first,
        happened_at__lt=end,
    )
    return list(texts.order_by("happened_at", "pk").values_list("account_id", "text"))


def list_latest(
    *, group: int, by: Staff, at: datetime, limit: int
) -> list[MessageText]:
    """Return the newest texts of a group by people whom `by` sees.

    The caller has found the group among those that `by` sees.
    """
    permissions.check_may(by, READ)
    rows = MessageText.objects.filter(community_id=by.community_id, group_id=group)
    newest = rows.order_by("-happened_at", "-pk")
    among = visibility.among(by, at)
    if among is None:
        return list(newest[:limit])
    found: list[MessageText] = []
    # Whom staff with a scope do not see may have written any number of the newest.
    for start in range(0, 10 * limit, limit):
        part = list(newest[start : start + limit])
        people = account_queries.person_ids(row.account_id for row in part)
        found += [row for row in part if people[row.account_id] in among]
        if len(part) < limit or len(found) >= limit:
            break
    return found[:limit]


def find_by_facts(ids: Iterable[int], *, by: Staff) -> dict[int, str]:
    """Return the texts of these facts, whose members `by` sees, by the fact's id."""
    wanted = set(ids)
    if not wanted or not permissions.may(by, READ):
        return {}
    rows = Fact.objects.filter(
        pk__in=wanted, community_id=by.community_id, key__isnull=False
    )
    facts_by_key = {
        (source, key): pk
        for pk, source, key in rows.values_list("pk", "source_id", "key")
    }
    keys = [key for _source, key in facts_by_key]
    texts = MessageText.objects.filter(community_id=by.community_id, key__in=keys)
    return {
        facts_by_key[source, key]: text
        for source, key, text in texts.values_list("source_id", "key", "text")
        if (source, key) in facts_by_key
    }


@person_export.register("written_messages")
def _messages(community: Community, ids: Sequence[int]) -> Records:
    """What the person wrote, as long as it is kept."""
    rows = MessageText.objects.filter(community=community, account_id__in=ids)
    return list(rows.order_by("happened_at", "pk").values("happened_at", "text"))
