"""How content members are with the end of their case: asked once, answered from 1 to 5.

Who is asked gets one message; the answer is a number or a word in a direct message, or
what staff type. A case that is opened again is asked about again when it ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_settings, complaints
from qunce.groups.complaints.complaint_facts import (
    ComplaintRated,
    ComplaintRatedWell,
)
from qunce.groups.complaints.models import (
    Complaint,
    ComplaintRating,
    Outcome,
    State,
)
from qunce.members.accounts import queries as account_queries

MIN, MAX, GOOD = 1, 5, 4
"""Ratings, and the least one that counts as content."""
ANSWERED_WITHIN = timedelta(days=7)
"""A number that a member writes later is no rating."""
WORDS = {
    5: ("very satisfied", "satisfied", "非常满意", "很满意", "满意"),
    3: ("ok", "okay", "neutral", "一般", "还行"),
    1: ("not satisfied", "unsatisfied", "dissatisfied", "不满意", "很不满意"),
}
STARS = re.compile(r"[★⭐🌟]{1,5}")
NUMBER = re.compile(r"([1-5])\s*(?:分|星|/\s*5)?")


class InvalidRating(errors.Invalid):
    """A rating is not from 1 to 5."""


class RatingNotPossible(errors.Refused):
    """The case is not closed, or rated already."""


# Checks


def parse(text: str) -> int | None:
    """The rating that a whole message says; None for any other message."""
    plain = " ".join(unicodedata.normalize("NFKC", text[:40]).casefold().split())
    plain = plain.strip(" .。!！~～")
    if match := NUMBER.fullmatch(plain):
        return int(match[1])
    if STARS.fullmatch(plain.replace("\ufe0f", "")):
        return len(plain.replace("\ufe0f", ""))
    for rating, words in WORDS.items():
        if plain in words:
            return rating
    return None


def is_asked_about(complaint: Complaint) -> bool:
    """Whether a member is asked about the end of this case."""
    return (
        complaint.state == State.CLOSED
        and complaint.account_id is not None
        and complaint.outcome != Outcome.NO_COMPLAINT
        and complaint_settings.get(complaint.community).asks_ratings
    )


# Verbs


def note_asked(complaint: Complaint, *, at: datetime) -> bool:
    """Note that the member is asked; False if they were asked about this end before.

    Call it in the transaction that requests the message.
    """
    _row, is_new = ComplaintRating.objects.get_or_create(
        complaint=complaint, closed_at=complaint.closed_at, defaults={"asked_at": at}
    )
    return is_new


@transaction.atomic
def rate(*, complaint: Complaint, rating: int, by: Staff, at: datetime) -> None:
    """Note the rating that a member gave to staff, once for each end of a case."""
    complaints.check_may_manage(complaint, by=by, at=at)
    if isinstance(rating, bool) or not MIN <= rating <= MAX:
        raise InvalidRating(_("A rating is a number from 1 to 5."))
    if complaint.state != State.CLOSED:
        raise RatingNotPossible(_("Close the case first."))
    row, _is_new = ComplaintRating.objects.get_or_create(
        complaint=complaint, closed_at=complaint.closed_at, defaults={"asked_at": at}
    )
    if not _store(row, rating, by, at):
        raise RatingNotPossible(_("This case is rated already."))


def receive(*, community: Community, account: int, text: str, at: datetime) -> bool:
    """Take a direct message as the rating that its author was asked for; else False."""
    rating = parse(text)
    if rating is None:
        return False
    own = account_queries.account_ids_of_person(account)
    waiting = ComplaintRating.objects.filter(
        complaint__community=community,
        complaint__account_id__in=own,
        rating__isnull=True,
        asked_at__gt=timestamps.to_micros(at - ANSWERED_WITHIN),
    )
    rows = waiting.select_related("complaint__community")
    for row in rows.order_by("-asked_at", "-pk")[:1]:
        return _store(row, rating, None, at)
    return False


def _store(row: ComplaintRating, rating: int, by: Staff | None, at: datetime) -> bool:
    same = ComplaintRating.objects.filter(pk=row.pk, rating__isnull=True)
    if not same.update(rating=rating, rated_at=at, by=by):
        return False
    kinds = [ComplaintRated] + [ComplaintRatedWell] * (rating >= GOOD)
    complaint = row.complaint
    facts.record_many(
        [
            kind(
                complaint=complaint.pk,
                topic=complaint.topic,
                account=complaint.account_id,
                group=complaint.group_id,
                rating=rating,
            )
            for kind in kinds
        ],
        community=complaint.community,
        by=by,
        at=at,
    )
    return True


# Reads


def list_of(complaint: Complaint) -> Sequence[ComplaintRating]:
    """The ratings of a case that were given, the newest first."""
    rows = complaint.ratings.filter(rating__isnull=False)
    return list(rows.select_related("by").order_by("-rated_at", "-pk"))
