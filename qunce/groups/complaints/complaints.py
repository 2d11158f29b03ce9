"""Complaints and after-sales cases: raised, assigned, answered by a time, and closed.

Of one person there is at most one open case per topic and order, so that ten messages
about the same are one case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.complaints import complaint_list, complaint_settings
from qunce.groups.complaints.complaint_facts import (
    ComplaintAnswered,
    ComplaintAssigned,
    ComplaintChanged,
    ComplaintClosed,
    ComplaintFact,
    ComplaintMessageAdded,
    ComplaintOpened,
    ComplaintReopened,
    ComplaintStarted,
)
from qunce.groups.complaints.models import (
    MAX_ORDER,
    MAX_TEXT,
    MAX_TITLE,
    STATES,
    Complaint,
    ComplaintMessage,
    ComplaintNote,
    Kind,
    Outcome,
    Source,
    State,
)
from qunce.groups.message_quotes import Quote
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

LABELS: dict[str, StrOrPromise] = {
    "kind": gettext_lazy("Kind"),
    "topic": gettext_lazy("Topic"),
    "title": pgettext_lazy("case", "In short"),
    "text": pgettext_lazy("case", "What happened"),
    "order": gettext_lazy("Order number"),
    "due_at": gettext_lazy("Answer by"),
}
FIELDS = tuple(LABELS)
LENGTHS = {"title": MAX_TITLE, "text": MAX_TEXT, "order": MAX_ORDER}
MAX_NOTES, MAX_MESSAGES = 500, 200


class InvalidComplaint(errors.Invalid):
    """A field of a case is missing or cannot be stored."""


class ComplaintAlreadyOpen(errors.Refused):
    """The member has an open case about the same."""


def _already_open(same: Complaint, by: Staff, at: datetime) -> ComplaintAlreadyOpen:
    """The error; it names a case only to those who see it."""
    if complaint_list.filter_visible([same], by=by, at=at):
        return ComplaintAlreadyOpen(
            _("Case %(number)s of this member about the same is open. Add to it.")
            % {"number": same.pk}
        )
    return ComplaintAlreadyOpen(
        _("A colleague has an open case of this member about the same.")
    )


# Checks


def check_may_manage(complaint: Complaint, *, by: Staff, at: datetime) -> None:
    permissions.check_may(by, complaint_list.MANAGE)
    complaint_list.check_visible(complaint, by=by, at=at)


def check_owner(staff: Staff, community: Community) -> None:
    """Raise InvalidComplaint unless cases can be assigned to this staff member."""
    if staff not in complaint_list.list_assignable(community):
        raise InvalidComplaint(
            _("Cases cannot be assigned to %(name)s.") % {"name": staff}
        )


def _clean(fields: dict[str, Any], community: Community) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidComplaint(
            _("A case has no field “%(field)s”.") % {"field": min(unknown)}
        )
    cleaned = dict(fields)
    for name, limit in LENGTHS.items():
        if name not in cleaned:
            continue
        cleaned[name] = _clean_text(name, cleaned[name] or "", limit)
    if "kind" in cleaned and cleaned["kind"] not in Kind.values:
        raise InvalidComplaint(
            _("Choose a kind: %(kinds)s.")
            % {"kinds": _(", ").join(str(kind.label) for kind in Kind)}
        )
    if "topic" in cleaned:
        settings = complaint_settings.get(community)
        topic = settings.find_topic(cleaned["topic"] or "")
        if not topic:
            raise InvalidComplaint(
                _("There is no topic “%(topic)s”. Choose one of: %(topics)s.")
                % {
                    "topic": str(cleaned["topic"])[:80],
                    "topics": _(", ").join(str(t.label) for t in settings.topics),
                }
            )
        cleaned["topic"] = topic
    return cleaned


def _clean_text(name: str, text: str, limit: int) -> str:
    if name == "text":
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    else:
        text = names.clean(text)
    if len(text) > limit:
        raise InvalidComplaint(
            _("%(field)s can have at most %(most)s characters; it has %(n)s.")
            % {"field": LABELS[name], "most": f"{limit:,}", "n": f"{len(text):,}"}
        )
    if not text_validation.is_valid(text):
        raise InvalidComplaint(
            _("%(field)s contains a character that cannot be stored.")
            % {"field": LABELS[name]}
        )
    return text


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    topic: str,
    by: Staff,
    at: datetime,
    kind: str = Kind.COMPLAINT,
    title: str = "",
    text: str = "",
    order: str = "",
    account: int | None = None,
    group: int | None = None,
    message: int | None = None,
    owner: Staff | None = None,
    due_at: datetime | None = None,
    source: str = Source.STAFF,
) -> Complaint:
    """Raise a case; by default its owner is the staff in charge of the member, or `by`.

    `message` is the id of a text that it is about, whose author is then the member.
    """
    permissions.check_may(by, complaint_list.MANAGE)
    permissions.check_community(by, community.pk)
    fields = {"kind": kind, "topic": topic, "title": title, "text": text}
    cleaned = _clean({**fields, "order": order}, community)
    quote = None
    if message is not None:
        quote = message_quotes.get(by=by, pk=message, at=at)
        account, group = account or quote.account, group or quote.group
    if account is not None:
        visibility.check_visible(by=by, accounts=[account], at=at)
    if group is not None:
        group_visibility.check(by=by, groups=[group])
    if not cleaned["title"] and not cleaned["text"] and quote is None:
        raise InvalidComplaint(_("Write in a few words what the case is about."))
    if owner is not None:
        check_owner(owner, community)
    complaint = Complaint(
        community=community,
        source=source,
        account_id=account,
        group_id=group,
        owner=owner or complaint_list.find_owner(community, account) or _as_owner(by),
        by=by,
        opened_at=at,
        due_at=due_at or at + complaint_settings.get(community).time_to_answer(kind),
        changed_at=at,
        **cleaned,
    )
    _check_due(complaint.due_at, at)
    insert(complaint, by=by, at=at)
    if quote is not None:
        add_message(complaint, quote, words=[])
    return complaint


def _as_owner(by: Staff) -> Staff | None:
    return None if by.is_system else by


def _check_due(due_at: datetime, at: datetime) -> None:
    if due_at < at:
        raise InvalidComplaint(_("The time to answer is in the past."))


def insert(complaint: Complaint, *, by: Staff, at: datetime) -> None:
    """Store a new case with its fact; raises ComplaintAlreadyOpen. The caller checks."""
    same = complaint_list.find_open(
        complaint.community, complaint.account_id, complaint.topic, complaint.order
    )
    if same is None:
        try:
            with transaction.atomic():
                complaint.save()
        except IntegrityError:
            # Another process was faster.
            same = complaint_list.find_open(
                complaint.community,
                complaint.account_id,
                complaint.topic,
                complaint.order,
            )
            if same is None:
                raise
    if same is not None:
        raise _already_open(same, by, at)
    fact = _fact(ComplaintOpened, complaint, source=str(complaint.source))
    facts.record(fact, community=complaint.community, by=by, at=at)


@transaction.atomic
def update(
    *, complaint: Complaint, by: Staff, at: datetime, **fields: Any
) -> list[str]:
    """Change fields; returns the names of those that have a new value."""
    check_may_manage(complaint, by=by, at=at)
    cleaned = _clean(fields, complaint.community)
    fresh = Complaint.objects.select_for_update(of=("self",)).get(pk=complaint.pk)
    changed = sorted(
        name for name, value in cleaned.items() if getattr(fresh, name) != value
    )
    if not changed:
        return []
    if "due_at" in changed:
        if cleaned["due_at"] is None:
            raise InvalidComplaint(
                _("“%(field)s” is required.") % {"field": LABELS["due_at"]}
            )
        _check_due(cleaned["due_at"], at)
        cleaned["late_at"] = None
    same = complaint_list.find_open(
        fresh.community,
        fresh.account_id,
        cleaned.get("topic", fresh.topic),
        cleaned.get("order", fresh.order),
    )
    if same is not None and same.pk != fresh.pk and fresh.state != State.CLOSED:
        raise _already_open(same, by, at)
    Complaint.objects.filter(pk=fresh.pk).update(**cleaned, changed_at=at)
    complaint.refresh_from_db()
    _record(complaint, ComplaintChanged, by, at, fields=changed)
    return changed


@transaction.atomic
def assign(
    *, complaint: Complaint, staff: Staff | None, by: Staff, at: datetime
) -> None:
    """Make somebody the owner of a case; None leaves it to whoever takes it."""
    check_may_manage(complaint, by=by, at=at)
    if staff is not None:
        check_owner(staff, complaint.community)
    if complaint.owner == staff:
        return
    complaint.owner, complaint.changed_at = staff, at
    complaint.save(update_fields=["owner", "changed_at"])
    _record(complaint, ComplaintAssigned, by, at, staff=staff.login if staff else "")


@transaction.atomic
def start(*, complaint: Complaint, by: Staff, at: datetime) -> None:
    """Begin to work on a case; one without an owner becomes that of `by`."""
    check_may_manage(complaint, by=by, at=at)
    changes: dict[str, Any] = {"changed_at": at}
    if complaint.owner is None:
        changes["owner"] = _as_owner(by)
    STATES.transition(complaint, "start", **changes)
    _record(complaint, ComplaintStarted, by, at)


@transaction.atomic
def answer(*, complaint: Complaint, text: str, by: Staff, at: datetime) -> None:
    """Note what the member was answered."""
    check_may_manage(complaint, by=by, at=at)
    _add_note(complaint, text, by, at, is_answer=True)
    STATES.transition(complaint, "answer", answered_at=at, changed_at=at)
    minutes = (at - complaint.opened_at).total_seconds() // 60
    _record(complaint, ComplaintAnswered, by, at, minutes=int(minutes))


@transaction.atomic
def close(
    *, complaint: Complaint, outcome: str, by: Staff, at: datetime, text: str = ""
) -> None:
    """Close a case with an outcome; `text` is noted."""
    check_may_manage(complaint, by=by, at=at)
    if outcome not in Outcome.values:
        raise InvalidComplaint(
            _("Choose an outcome: %(outcomes)s.")
            % {"outcomes": _(", ").join(str(each.label) for each in Outcome)}
        )
    if text.strip():
        _add_note(complaint, text, by, at)
    STATES.transition(complaint, "close", outcome=outcome, closed_at=at, changed_at=at)
    _record(complaint, ComplaintClosed, by, at, outcome=outcome)


@transaction.atomic
def reopen(*, complaint: Complaint, by: Staff, at: datetime) -> None:
    """Open a case again. It is due as if it were new."""
    check_may_manage(complaint, by=by, at=at)
    open_again(complaint, by=by, at=at)


def open_again(complaint: Complaint, *, by: Staff, at: datetime) -> None:
    """Like `reopen`, for callers that have checked."""
    same = complaint_list.find_open(
        complaint.community, complaint.account_id, complaint.topic, complaint.order
    )
    if same is not None and same.pk != complaint.pk:
        raise _already_open(same, by, at)
    settings = complaint_settings.get(complaint.community)
    STATES.transition(
        complaint,
        "reopen",
        outcome="",
        answered_at=None,
        closed_at=None,
        late_at=None,
        due_at=at + settings.time_to_answer(complaint.kind),
        changed_at=at,
    )
    _record(complaint, ComplaintReopened, by, at)


@transaction.atomic
def add_note(
    *, complaint: Complaint, text: str, by: Staff, at: datetime
) -> ComplaintNote:
    """Note something in a case, which only staff read."""
    check_may_manage(complaint, by=by, at=at)
    note = _add_note(complaint, text, by, at)
    _record(complaint, ComplaintChanged, by, at, fields=["notes"])
    return note


def _add_note(
    complaint: Complaint, text: str, by: Staff, at: datetime, *, is_answer: bool = False
) -> ComplaintNote:
    cleaned = _clean_text("text", text, MAX_TEXT)
    if not cleaned:
        raise InvalidComplaint(_("Write a text."))
    if complaint.notes.count() >= MAX_NOTES:
        raise InvalidComplaint(
            _("A case has at most %(most)s notes.") % {"most": MAX_NOTES}
        )
    return ComplaintNote.objects.create(
        complaint=complaint, text=cleaned, by=by, at=at, is_answer=is_answer
    )


@transaction.atomic
def attach(*, complaint: Complaint, message: int, by: Staff, at: datetime) -> None:
    """Add a message to a case by the id of its text."""
    check_may_manage(complaint, by=by, at=at)
    quote = message_quotes.get(by=by, pk=message, at=at)
    if complaint.account_id is not None:
        mine = account_queries.account_ids_of_person(complaint.account_id)
        if quote.account not in mine:
            raise InvalidComplaint(_("This message is by another member."))
    if add_message(complaint, quote, words=[]):
        _record(complaint, ComplaintMessageAdded, by, at)


def add_message(complaint: Complaint, quote: Quote, *, words: list[str]) -> bool:
    """Store that a case is about a message; returns whether it was not known yet."""
    if complaint.messages.count() >= MAX_MESSAGES:
        return False
    _row, is_new = ComplaintMessage.objects.get_or_create(
        complaint=complaint,
        source_id=quote.source,
        key=quote.key,
        defaults={
            "account_id": quote.account,
            "happened_at": quote.happened_at,
            "words": words,
        },
    )
    return is_new


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: keep their cases without them and what they wrote."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        ComplaintMessage.objects.filter(
            complaint__community=community, account_id__in=chunk
        ).delete()
        rows = Complaint.objects.filter(community=community, account_id__in=chunk)
        ComplaintNote.objects.filter(complaint__in=rows).delete()
        rows.update(account_id=None, title="", text="", order="")


def _fact(
    kind: type[ComplaintFact], complaint: Complaint, **fields: Any
) -> ComplaintFact:
    return kind(
        complaint=complaint.pk,
        topic=complaint.topic,
        account=complaint.account_id,
        group=complaint.group_id,
        **fields,
    )


def _record(
    complaint: Complaint,
    kind: type[ComplaintFact],
    by: Staff | None,
    at: datetime,
    **fields: Any,
) -> None:
    fact = _fact(kind, complaint, **fields)
    facts.record(fact, community=complaint.community, by=by, at=at)


def record(
    kind: type[ComplaintFact], complaint: Complaint, *, by: Staff | None, at: datetime
) -> None:
    """Record a fact that only names the case."""
    _record(complaint, kind, by, at)
