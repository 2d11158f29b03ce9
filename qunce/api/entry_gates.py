"""Entry gates of groups, people who want to enter, and the rules of groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.entry.models import MAX_NOTE, EntryGate, EntryRequest
from qunce.members.people import visibility
from qunce.members.rule_text import contact_masks

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["entry"])
Word = Annotated[str, Field(min_length=1, max_length=gates.MAX_WORD_LENGTH)]
Words = Annotated[list[Word], Field(max_length=gates.MAX_WORDS)]


class AcceptedAnswerIn(schemas.InputSchema):
    """`tag` is the key of the tag that the answer gives, or empty."""

    words: Words
    tag: schemas.ShortText = ""


class GateQuestionIn(schemas.InputSchema):
    """Without `answers` any answer is accepted; `attribute` is the one that it fills."""

    text: Annotated[str, Field(min_length=1, max_length=gates.MAX_QUESTION_LENGTH)]
    attribute: Annotated[str, Field(max_length=80)] = ""
    answers: Annotated[list[AcceptedAnswerIn], Field(max_length=gates.MAX_ANSWERS)] = []


class EntryGateIn(schemas.InputSchema):
    """Fields that are missing stay as they are; a `rule` of null is no threshold.

    `survey` is the id of an open survey whose questions are asked, or empty for none; it
    replaces `questions`, and the other way round.

    `note` is the threshold in words, which newcomers who do not meet it read.
    """

    is_on: bool | None = None
    keywords: Words | None = None
    questions: (
        Annotated[list[GateQuestionIn], Field(max_length=gates.MAX_QUESTIONS)] | None
    ) = None
    survey: schemas.ShortText | None = None
    rule: schemas.Rule | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE)] | None = None
    needs_approval: bool | None = None
    wait_hours: Annotated[int, Field(ge=1, le=gates.MAX_WAIT_HOURS)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=gates.MAX_ATTEMPTS)] | None = None


class EntryGateOut(schemas.OutputSchema):
    group_id: int
    is_on: bool
    keywords: list[str]
    questions: list[dict[str, Any]]
    survey: str
    rule: dict[str, Any] | None
    note: str
    needs_approval: bool
    wait_hours: int
    max_attempts: int


class EntryRequestIn(schemas.InputSchema):
    member_id: schemas.Id


class EntryAnswerIn(schemas.InputSchema):
    text: Annotated[str, Field(min_length=1, max_length=500)]


class EntryRequestOut(schemas.OutputSchema):
    """`step` is what the person is asked now: keyword, q1, q2 …, or approval.

    `action` is what has to be done in the chat: invite or kick, with its state.
    """

    id: int
    group_id: int
    account_id: int
    name: str
    state: str
    reason: str
    step: str
    is_inside: bool
    answers: list[dict[str, Any]]
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    action: str
    action_state: str


class GroupRulesIn(schemas.InputSchema):
    text: Annotated[str, Field(min_length=1, max_length=group_rules.MAX_TEXT_LENGTH)]
    accept_words: Words | None = None
    asks_again: bool = False


class GroupRulesOut(schemas.OutputSchema):
    """`accepted` of the `members` whom the key's staff see have accepted the rules."""

    version: int
    text: str
    accept_words: list[str]
    asks_again: bool
    published_at: datetime
    members: int
    accepted: int


class RulesAcceptanceOut(schemas.OutputSchema):
    """`is_new` is false if the member had accepted the version before."""

    is_new: bool


# Gates


def _serialize_gate(gate: EntryGate, by: Staff) -> dict[str, Any]:
    names = ("is_on", *gates.FIELDS)
    fields = {name: getattr(gate, name) for name in names}
    fields["rule"] = contact_masks.masked(gate.rule, by)
    return {"group_id": gate.group_id} | fields


@router.get("/groups/{group_id}/entry-gate", response=EntryGateOut)
def get_gate(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """Get the gate of a group, which is off until it is configured."""
    group = group_visibility.get(by=request.by, pk=group_id)
    gate = gates.find(group) or EntryGate(group=group, community=group.community)
    return _serialize_gate(gate, request.by)


@router.patch("/groups/{group_id}/entry-gate", response=EntryGateOut)
def update_gate(
    request: ApiRequest, group_id: schemas.Id, data: EntryGateIn
) -> dict[str, Any]:
    """Change what a gate asks, and switch it on or off."""
    group = group_visibility.get(by=request.by, pk=group_id)
    sent = data.model_dump(exclude_unset=True)
    is_on = sent.pop("is_on", None)
    fields = {k: v for k, v in sent.items() if v is not None or k == "rule"}
    if is_on is False:
        gates.switch(group=group, is_on=False, by=request.by, at=request.at)
    if fields or is_on is None:
        gates.configure(group=group, by=request.by, at=request.at, **fields)
    if is_on:
        gates.switch(group=group, is_on=True, by=request.by, at=request.at)
    return get_gate(request, group_id)


# Requests


def _serialize_request(row: EntryRequest) -> dict[str, Any]:
    names = (
        "group_id account_id name state reason step is_inside answers asked_at"
        " expires_at decided_at"
    ).split()
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in names},
        "action": row.action.kind if row.action else "",
        "action_state": row.action.state if row.action else "",
    }


@router.get("/entry-requests", response=schemas.Page[EntryRequestOut])
def list_requests(
    request: ApiRequest,
    group_id: schemas.Id | None = None,
    state: Literal["waiting", "passed", "refused", "expired"] | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List requests by id."""
    rows = requests.list_visible(request.by).order_by("pk")
    if group_id is not None:
        group_visibility.get(by=request.by, pk=group_id)
        rows = rows.filter(group=group_id)
    if state is not None:
        rows = rows.filter(state=state)
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
        filter_visible=lambda found: requests.filter_seen(
            found, by=request.by, at=request.at
        ),
    )
    return {"items": [_serialize_request(row) for row in page], "next": more}


@router.post("/groups/{group_id}/entry-requests", response={201: EntryRequestOut})
def open_request(
    request: ApiRequest, group_id: schemas.Id, data: EntryRequestIn
) -> Any:
    """Begin to ask a member who wants to enter; returns the waiting request if any."""
    group = group_visibility.get(by=request.by, pk=group_id)
    account = visibility.get(by=request.by, account=data.member_id, at=request.at)
    row = requests.open_request(
        group=group, account=account.pk, by=request.by, at=request.at
    )
    return Status(201, _serialize_request(row))


@router.get("/entry-requests/{request_id}", response=EntryRequestOut)
def get_request(request: ApiRequest, request_id: schemas.Id) -> dict[str, Any]:
    """Get a request."""
    row = requests.get(pk=request_id, by=request.by, at=request.at)
    return _serialize_request(row)


@router.post("/entry-requests/{request_id}/answer", response=EntryRequestOut)
def answer(
    request: ApiRequest, request_id: schemas.Id, data: EntryAnswerIn
) -> dict[str, Any]:
    """Take an answer of the newcomer."""
    row = requests.get(pk=request_id, by=request.by, at=request.at)
    requests.answer(request=row, text=data.text, by=request.by, at=request.at)
    return get_request(request, request_id)


@router.post("/entry-requests/{request_id}/let-in", response=EntryRequestOut)
def let_in(request: ApiRequest, request_id: schemas.Id) -> dict[str, Any]:
    """Let somebody in, whatever is left to ask."""
    row = requests.get(pk=request_id, by=request.by, at=request.at)
    requests.let_in(request=row, by=request.by, at=request.at)
    return get_request(request, request_id)


@router.post("/entry-requests/{request_id}/refuse", response=EntryRequestOut)
def refuse(request: ApiRequest, request_id: schemas.Id) -> dict[str, Any]:
    """Refuse somebody."""
    row = requests.get(pk=request_id, by=request.by, at=request.at)
    requests.refuse(request=row, by=request.by, at=request.at)
    return get_request(request, request_id)


@router.post("/entry-requests/{request_id}/done", response=EntryRequestOut)
def mark_done(request: ApiRequest, request_id: schemas.Id) -> dict[str, Any]:
    """Record that somebody was let in or removed by hand."""
    row = requests.get(pk=request_id, by=request.by, at=request.at)
    requests.mark_done(request=row, by=request.by, at=request.at)
    return get_request(request, request_id)


# Rules


@router.get("/groups/{group_id}/rules", response=GroupRulesOut)
def get_rules(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """Get the present version of the rules of a group."""
    group = group_visibility.get(by=request.by, pk=group_id)
    rules = group_rules.get(group)
    counts = group_rules.count_accepted(rules, by=request.by, at=request.at)
    names = "version text accept_words asks_again published_at".split()
    return {
        **{name: getattr(rules, name) for name in names},
        "members": counts.members,
        "accepted": counts.accepted,
    }


@router.post("/groups/{group_id}/rules", response={201: GroupRulesOut})
def publish_rules(request: ApiRequest, group_id: schemas.Id, data: GroupRulesIn) -> Any:
    """Publish the next version of the rules; the same text again changes nothing."""
    group = group_visibility.get(by=request.by, pk=group_id)
    group_rules.publish(
        group=group,
        text=data.text,
        accept_words=data.accept_words or group_rules.ACCEPT_WORDS,
        asks_again=data.asks_again,
        by=request.by,
        at=request.at,
    )
    return Status(201, get_rules(request, group_id))


@router.put(
    "/groups/{group_id}/rules/acceptances/{member_id}", response=RulesAcceptanceOut
)
def accept_rules(
    request: ApiRequest, group_id: schemas.Id, member_id: schemas.Id
) -> dict[str, Any]:
    """Record that a member accepts the present version."""
    group = group_visibility.get(by=request.by, pk=group_id)
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    is_new = group_rules.accept(
        group=group, account=account.pk, by=request.by, at=request.at
    )
    return {"is_new": is_new}
