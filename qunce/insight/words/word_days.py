"""Counts the words of days whose texts have changed, and keeps counts of deleted texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.db import models, transaction

from qunce.core import personal_texts
from qunce.core.communities import Community
from qunce.insight.words import tokens, word_counts, word_settings
from qunce.insight.words.models import WordDay
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageDay
from qunce.sets.bitmaps import staff_accounts

DAYS_PER_RUN = 2_000
DAYS_PER_LOOK = 100
MIN_PEOPLE_KEPT = 2
"""A word that one person said is theirs, and is not kept beyond their text."""
Totals = dict[str, list[int]]
"""By word: people and times. Of WORDS and FIRST: those of members, and of staff."""


def count_due(*, at: datetime) -> int:
    """Count the words of days whose texts have changed; returns how many days."""
    done = 0
    while done < DAYS_PER_RUN:
        due = message_texts.list_uncounted(DAYS_PER_LOOK)
        for row in due:
            _count_day(row)
        done += len(due)
        if len(due) < DAYS_PER_LOOK:
            break
    return done


def _count_day(row: MessageDay) -> None:
    """Count a day again from all of its texts, unless these change at the same time."""
    pairs = ""
    if row.group_id:
        # Messages to the community itself belong to no group's topics.
        texts = message_texts.list_of_day(row)
        names = word_settings.get(row.community).names
        pairs = word_counts.encode(tokens.count(texts, names))
    with transaction.atomic():
        same = MessageDay.objects.filter(pk=row.pk, changes=row.changes)
        if not same.update(counted=row.changes) or not row.group_id:
            return
        WordDay.objects.bulk_create(
            [
                WordDay(
                    community_id=row.community_id,
                    group_id=row.group_id,
                    day=row.day,
                    pairs=pairs,
                )
            ],
            update_conflicts=True,
            unique_fields=["community", "group_id", "day"],
            update_fields=["pairs"],
        )


def prune(*, at: datetime) -> int:
    """Delete texts that are older than their community keeps them; returns how many.

    The counts of their words stay, without who said them.
    """
    deleted = 0
    for community in Community.objects.order_by("pk"):
        old = MessageDay.objects.filter(
            community=community,
            has_texts=True,
            day__lt=message_texts.first_kept_day(community, at),
            # The others are counted within the minute.
            counted=models.F("changes"),
        )
        for row in old.order_by("day", "pk")[:DAYS_PER_RUN]:
            with transaction.atomic():
                same = MessageDay.objects.filter(pk=row.pk, changes=row.changes)
                if not same.update(has_texts=False):
                    continue
                _fold(row, community)
                deleted += message_texts.delete_day(row, community)
    return deleted


@personal_texts.register
def erase(person: personal_texts.ErasedPerson) -> None:
    """Remove erased people's names and numbers from the words of deleted texts.

    Words of texts that are kept are counted again when these change.
    """
    rows = WordDay.objects.filter(community_id=person.community_id).exclude(totals="")
    for row in rows.only("totals").iterator():
        totals: Totals = json.loads(row.totals)
        left = {
            word: numbers
            for word, numbers in totals.items()
            if person.remove_from(word, is_sentence=True) == word
        }
        if len(left) < len(totals):
            WordDay.objects.filter(pk=row.pk).update(totals=_encode(left))


def _encode(counts: Mapping[str, list[int]]) -> str:
    return json.dumps(counts, ensure_ascii=False, separators=(",", ":"))


def _fold(row: MessageDay, community: Community) -> None:
    """Turn the counts by person of a day into totals."""
    found = WordDay.objects.filter(
        community=community, group_id=row.group_id, day=row.day
    ).first()
    if found is None or not found.pairs:
        return
    staff = staff_accounts.read_all(community.pk)
    totals: Totals = json.loads(found.totals) if found.totals else {}
    for word, pairs in word_counts.decode(found.pairs).by_word():
        of_members = [times for account, times in pairs if account not in staff]
        if word in (tokens.WORDS, tokens.FIRST):
            of_staff = sum(times for account, times in pairs if account in staff)
            added = [sum(of_members), of_staff]
            if word == tokens.WORDS:
                people = totals.get(tokens.PEOPLE, [0, 0])[0] + len(of_members)
                totals[tokens.PEOPLE] = [people, 0]
        elif len(of_members) >= MIN_PEOPLE_KEPT:
            added = [len(of_members), sum(of_members)]
        else:
            continue
        before = totals.get(word, [0, 0])
        totals[word] = [before[0] + added[0], before[1] + added[1]]
    found.totals = _encode(totals)
    found.pairs = ""
    found.save(update_fields=["pairs", "totals"])
