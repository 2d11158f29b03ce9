"""Conversations as rows of the inbox and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qunce.channels import channel_contract
from qunce.console import http, member_names
from qunce.console.complaints import presenters as complaint_presenters
from qunce.core import community_days, day_texts, permissions
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.complaints import complaint_list, order_links
from qunce.insight.first_answers import answer_times, chats
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach.replies import answers, conversations, similar_questions, threads
from qunce.outreach.replies.models import CHOSEN_REASONS, Conversation, State
from qunce.outreach.replies.threads import Entry

MAX_SNIPPET, MAX_CASES, DAYS = 140, 5, 7


@dataclass(frozen=True)
class Row:
    conversation: Conversation
    snippet: str
    member: str
    group: str
    is_late: bool
    waited: str


def rows(found: Sequence[Conversation], by: Staff, at: datetime) -> list[Row]:
    names = member_names.find(each.account_id for each in found)
    groups = dict(group_visibility.list_visible(by).values_list("pk", "name"))
    quotes = message_quotes.load(
        ((each.source_id, each.key) for each in found), by=by, at=at
    )
    result = []
    for each in found:
        quote = quotes.get((each.source_id, each.key))
        text = " ".join(quote.text.split()) if quote else ""
        waiting = each.state == State.WAITING
        result.append(
            Row(
                each,
                text if len(text) <= MAX_SNIPPET else f"{text[:MAX_SNIPPET]}…",
                names.get(each.account_id, ""),
                groups.get(each.group_id, ""),
                waiting and each.due_at is not None and each.due_at < at,
                _elapsed(each.opened_at, at if waiting else each.ended_at or at),
            )
        )
    return result


def _elapsed(since: datetime, until: datetime) -> str:
    return day_texts.duration(max(0, int((until - since).total_seconds())))


@dataclass(frozen=True)
class Week:
    """Numbers of seven days, as on the pages of Insight.

    `median` is that of first answers, "" if there are too few to say.
    """

    first: date
    last: date
    median: str
    mentions: int
    answered: int


def week(by: Staff, at: datetime) -> Week:
    today = by.community.day(at)
    found = chats.load(
        first=today - DAYS + 1,
        last=today,
        by=by,
        at=at,
        visible=visibility.visible_people(by=by, at=at),
    ).conversations
    measured = answer_times.measure(found, community=by.community)
    mentions = found.filter(found.is_mention)
    return Week(
        community_days.to_date(today - DAYS + 1),
        community_days.to_date(today),
        "" if measured.median is None else day_texts.duration(measured.median),
        len(mentions.opened),
        int(answer_times.is_answered(mentions).sum()),
    )


@dataclass(frozen=True)
class ShownEntry:
    entry: Entry
    name: str
    is_ours: bool
    may_undo: bool


def detail(request: http.Request, conversation: Conversation) -> dict[str, Any]:
    """The context of a conversation's page: the thread, and all that helps to answer."""
    by, at = request.staff, request.at
    thread = threads.load(conversation=conversation, by=by, at=at)
    own = account_queries.account_ids_of_person(conversation.account_id)
    channel = answers.find_channel(conversation)
    return {
        "row": rows([conversation], by, at)[0],
        "entries": _shown(thread.entries, at),
        "may_read": thread.may_read,
        "similar": similar_questions.find(
            text=thread.question, by=by, at=at, besides=conversation.pk
        ),
        "by_hand": channel == answers.ASSISTED,
        "channel": channel_contract.get(channel).label,
        "max_length": channel_contract.get(channel).capabilities.max_length,
        "orders": order_links.list_latest(by=by, accounts=own, at=at),
        "cases": _cases(conversation, by, at),
        "question_id": next(
            (e.quote.message for e in thread.entries if e.is_new and e.quote), None
        ),
        "reasons": [(reason.value, reason.label) for reason in CHOSEN_REASONS],
        "staff_choices": conversations.list_assignable(request.community),
        "may_answer": permissions.may(by, conversations.ANSWER),
        "next": next_url_id(request, besides=conversation.pk),
    }


def _shown(entries: Sequence[Entry], at: datetime) -> list[ShownEntry]:
    names = member_names.find(e.quote.account for e in entries if e.quote)
    return [
        ShownEntry(
            entry,
            names.get(entry.quote.account, "") if entry.quote else _sender(entry),
            entry.quote is None,
            entry.answer is not None and answers.may_undo(entry.answer, at),
        )
        for entry in entries
    ]


def _sender(entry: Entry) -> str:
    return entry.answer.by.name if entry.answer else ""


def _cases(
    conversation: Conversation, by: Staff, at: datetime
) -> list[complaint_presenters.Row]:
    if not permissions.may(by, complaint_list.VIEW):
        return []
    filters = complaint_list.Filters(account=conversation.account_id)
    found = complaint_list.list_visible(by=by, at=at, filters=filters, limit=MAX_CASES)
    return complaint_presenters.rows(found, at)


def next_url_id(request: http.Request, *, besides: int) -> int | None:
    """The id of the next conversation that waits for the reader."""
    own = conversations.list_own(by=request.staff, at=request.at, limit=50)
    return next((row.pk for row in own if row.pk != besides), None)
