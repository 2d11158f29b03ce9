"""What the pages of homework show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.activities.models import Activity, Entry
from qunce.activities.homework import terms
from qunce.activities.homework.hand_ins import Standing
from qunce.activities.homework.models import PeerReview, ReviewState, Submission
from qunce.activities.homework.results import How, Outcome
from qunce.console import http, member_names
from qunce.members.people import visibility

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TONES = {
    How.REVIEWED: "good",
    How.DECIDED: "good",
    How.WAITING: "info",
    How.TO_DECIDE: "warn",
    How.UNCOUNTED: "",
}
REVIEW_TONES = {
    ReviewState.OPEN: "info",
    ReviewState.DONE: "good",
    ReviewState.WITHDRAWN: "",
}
EXCERPT, MAX_NAMES = 160, 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """A submission with the name of its author, its score and its reviews."""

    row: Submission
    name: str
    how: StrOrPromise
    tone: str
    score: str
    excerpt: str
    done: int
    of: int
    reason: str
    """Why it does not count, "" if it does."""
    need: How


@dataclass(frozen=True, kw_only=True)
class ReviewLine:
    """A review with the name of its reviewer; `name` is "" for one whom staff do not see."""

    row: PeerReview
    name: str
    tone: str
    is_overdue: bool
    counts: bool


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """A reviewer with reviews that they have not written."""

    account: int
    name: str
    count: int
    due_at: datetime


def lines(activity: Activity, found: Sequence[Outcome]) -> list[Line]:
    names = member_names.find([each.submission.account_id for each in found])
    return [_to_line(each, names) for each in found]


def _to_line(each: Outcome, names: dict[int, str]) -> Line:
    row = each.submission
    held = [own for own in each.reviews if own.state != ReviewState.WITHDRAWN]
    reason = each.standing.reason
    if not reason and each.standing.is_second:
        reason = _("the member handed in with another account")
    text = " ".join(row.text.split())
    return Line(
        row=row,
        name=names.get(row.account_id, ""),
        how=each.how.label,
        tone=TONES[each.how],
        score="" if each.doubled is None else terms.score_text(each.doubled),
        excerpt=text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…",
        done=len(each.valid),
        of=len(held),
        reason=reason,
        need=each.how,
    )


def by_need(found: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The submissions that staff decide about first, then the others."""
    kinds = (
        (_("To be decided"), (How.TO_DECIDE,)),
        (_("Being reviewed"), (How.WAITING,)),
        (_("With a score"), (How.REVIEWED, How.DECIDED)),
        (_("Not counted"), (How.UNCOUNTED,)),
    )
    sections = [
        (title, [line for line in found if line.need in needs])
        for title, needs in kinds
    ]
    return [(title, own) for title, own in sections if own]


def list_missing(
    request: http.Request, activity: Activity, standings: Sequence[Standing]
) -> list[tuple[int, str]]:
    """Members of the step before, or who joined, and have not handed in."""
    before = terms.find_before(activity)
    if before is None:
        return []
    rows = Submission.objects.filter(activity=before)
    if activity.settings["must_pass"]:
        rows = rows.filter(passed=True)
    accounts = list(rows.values_list("account_id", flat=True))
    accounts += Entry.objects.filter(activity=activity).values_list(
        "account_id", flat=True
    )
    people = visibility.filter_visible(
        by=request.staff, accounts=accounts, at=request.at
    )
    left = sorted(people - {each.person for each in standings})[:MAX_NAMES]
    names = member_names.find(left)
    return [(account, names.get(account, "")) for account in left]


def list_overdue(request: http.Request, found: Sequence[Outcome]) -> list[Overdue]:
    """The members whose reviews are not written, whom the staff see."""
    open_ones: dict[int, list[datetime]] = {}
    for each in found:
        for row in each.reviews:
            if row.state == ReviewState.OPEN:
                open_ones.setdefault(row.account_id, []).append(row.due_at)
    seen = visibility.filter_accounts(
        by=request.staff, accounts=open_ones, at=request.at
    )
    names = member_names.find(sorted(seen))
    lines = [
        Overdue(
            account=account,
            name=names.get(account, ""),
            count=len(open_ones[account]),
            due_at=min(open_ones[account]),
        )
        for account in sorted(seen)
    ]
    return sorted(lines, key=lambda line: (line.due_at, line.account))


def review_lines(request: http.Request, found: Outcome) -> list[ReviewLine]:
    """The reviews of a submission, withdrawn ones at the end."""
    accounts = [row.account_id for row in found.reviews]
    seen = visibility.filter_accounts(
        by=request.staff, accounts=accounts, at=request.at
    )
    names = member_names.find(sorted(seen))
    valid = {row.pk for row in found.valid}
    rows = sorted(
        found.reviews, key=lambda row: (row.state == ReviewState.WITHDRAWN, row.pk)
    )
    return [
        ReviewLine(
            row=row,
            name=names.get(row.account_id, "") if row.account_id in seen else "",
            tone=REVIEW_TONES[ReviewState(row.state)],
            is_overdue=row.state == ReviewState.OPEN and row.due_at <= request.at,
            counts=row.pk in valid,
        )
        for row in rows
    ]
