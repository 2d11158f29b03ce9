"""Cases as rows of the list and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.console import http, member_names
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups.complaints import (
    complaint_list,
    complaint_settings,
    order_links,
    ratings,
)
from qunce.groups.complaints.models import STATES, WAITING, Complaint, Outcome
from qunce.members.accounts import queries as account_queries

MAX_OTHERS = 10


@dataclass(frozen=True)
class Row:
    complaint: Complaint
    heading: str
    topic: str
    member: str
    is_late: bool


def rows(found: Sequence[Complaint], at: datetime) -> list[Row]:
    """The rows of cases that the reader sees."""
    names = member_names.find(each.account_id for each in found)
    labels = _topic_labels(found)
    return [
        Row(
            each,
            complaint_list.heading(each),
            labels.get(each.topic, each.topic),
            names.get(each.account_id or 0, ""),
            each.state in WAITING and each.due_at < at,
        )
        for each in found
    ]


def _topic_labels(found: Sequence[Complaint]) -> dict[str, str]:
    if not found:
        return {}
    settings = complaint_settings.get(found[0].community)
    return {topic.key: str(topic.label) for topic in settings.topics}


def detail(request: http.Request, complaint: Complaint) -> dict[str, Any]:
    """The context of the page of a case."""
    by, at = request.staff, request.at
    own = (
        account_queries.account_ids_of_person(complaint.account_id)
        if complaint.account_id
        else []
    )
    return {
        "row": rows([complaint], at)[0],
        "messages_shown": complaint_list.list_messages(complaint, by=by, at=at),
        "ratings": ratings.list_of(complaint),
        "notes": complaint_list.list_notes(complaint, by=by, at=at),
        "order": order_links.find(by=by, key=complaint.order, at=at),
        "orders": order_links.list_latest(by=by, accounts=own, at=at),
        "others": _others(complaint, by, at),
        "staff_choices": complaint_list.list_assignable(request.community),
        "outcomes": Outcome.choices,
        "steps": {
            name: STATES.may(name, complaint.state) for name in STATES.transitions
        },
        "may_manage": permissions.may(by, complaint_list.MANAGE),
    }


def _others(complaint: Complaint, by: Staff, at: datetime) -> list[Row]:
    if complaint.account_id is None:
        return []
    filters = complaint_list.Filters(account=complaint.account_id)
    found = complaint_list.list_visible(
        by=by, at=at, filters=filters, limit=MAX_OTHERS + 1
    )
    return rows([each for each in found if each.pk != complaint.pk], at)
