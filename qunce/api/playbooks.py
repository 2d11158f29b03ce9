"""Playbooks: drafts, switching on, pausing and stopping, runs, rehearsals, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.rule_text import contact_masks
from qunce.outreach.campaigns.comparisons import Comparison
from qunce.outreach.playbooks import (
    explanations,
    lifecycle,
    playbooks,
    rehearsal,
    results,
    variant_results,
)
from qunce.outreach.playbooks.lifecycle import Choice, Pause
from qunce.outreach.playbooks.models import Playbook, Run

router = Router(auth=RequiresScope("campaigns"), tags=["playbooks"])
READ_MEMBERS = RequiresScope("campaigns", action="read", shows_members=True)
Name = Annotated[str, Field(min_length=1, max_length=80)]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="How it begins and its steps, such as"
        ' `{"entry": {"on": "fact", "fact": "member.joined"}, "steps": [{"id": "a",'
        ' "kind": "send", "text": "Hello", "staff": "ann"}]}`.'
    ),
]


Digest = Annotated[str, Field(min_length=64, max_length=64)]


class PlaybookIn(schemas.InputSchema):
    name: Name
    definition: Definition
    key: Annotated[str, Field(max_length=100)] = ""


class PlaybookUpdateIn(schemas.InputSchema):
    """Runs follow a changed definition only once it is published.

    `seen_at` is the `changed_at` that you have read; a change of somebody else since then
    is not overwritten.
    """

    name: Name | None = None
    definition: Definition | None = None
    seen_at: schemas.Timestamp | None = None


class StartIn(schemas.InputSchema):
    """`existing` says what happens with those for whom the entry has come already.

    It is looked for in the last `days`. With the `digest` of a preview, it is refused if
    something else would be started by now.
    """

    existing: Literal["nobody", "now", "as_if"] = "nobody"
    days: Annotated[int, Field(ge=0, le=365)] = 30
    digest: Digest | None = None


class PublishIn(schemas.InputSchema):
    """`in_flight` says what happens with runs under way."""

    in_flight: Literal["stay", "move", "end"] = "stay"


class PauseIn(schemas.InputSchema):
    """Whether waits stand still, entries are kept, and what happens at `until`."""

    holds_waits: bool = True
    keeps_entries: bool = True
    until: schemas.Timestamp | None = None
    then_stops: bool = False


class StopIn(schemas.InputSchema):
    """`runs` are `all`, which end immediately, or only `new` ones, which do not begin."""

    runs: Literal["new", "all"]


class SettleIn(schemas.InputSchema):
    choice: Literal["go_on", "end"]


class ProblemOut(schemas.OutputSchema):
    """`step` is empty if the problem is about the whole playbook."""

    step: str
    text: str


class PlaybookOut(schemas.OutputSchema):
    """`definition` is the draft, `version` the number of what new runs follow."""

    id: int
    key: str
    name: str
    subject: str
    state: str
    version: int
    definition: dict[str, Any]
    late_count: int
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None

    @staticmethod
    def resolve_definition(playbook: Playbook, context: Any) -> Any:
        return contact_masks.masked(playbook.draft, context["request"].by)


class CountOut(schemas.OutputSchema):
    """What an action concerned: runs, and planned messages that were cancelled."""

    runs: int
    messages: int = 0


class StepNumbersOut(schemas.OutputSchema):
    """`late` is how often staff have not done the step in time."""

    done: int
    here: int
    reached: int
    late: int
    skipped: dict[str, int]


class VariantCountOut(schemas.OutputSchema):
    name: str
    people: int
    messages: int
    reached: int
    clicked: int


class ComparisonOut(schemas.OutputSchema):
    """A variant against the text of the step; numbers are percentage points of orders."""

    name: str
    difference: float
    low: float | None
    high: float | None
    verdict: str
    harmed: list[str]

    @staticmethod
    def resolve_name(comparison: Comparison) -> str:
        return comparison.treated.name


class VariantTestOut(schemas.OutputSchema):
    """The variants of a step; "" is the text of the step itself."""

    step: str
    sides: list[VariantCountOut]
    comparisons: list[ComparisonOut]


class NumbersOut(schemas.OutputSchema):
    """`ended` counts runs by reason, `steps` what became of each step."""

    started: int
    live: int
    pending: int
    held: int
    stale: int
    ended: dict[str, int]
    steps: dict[str, StepNumbersOut]


class RunOut(schemas.OutputSchema):
    """`target_id` is a member, or a group. `ending` is empty while the run is live."""

    id: int
    target_id: int
    number: int
    state: str
    step: str
    triggered_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    ending: str
    sentence: str

    @staticmethod
    def resolve_sentence(run: Run) -> str:
        return explanations.describe_run(run, run.playbook)


class StepCountOut(schemas.OutputSchema):
    step: str
    done: int
    skipped: dict[str, int]


class RehearsalOut(schemas.OutputSchema):
    """`over_budget` is how many messages the contact budget would have stopped.

    `assumptions` are sentences about what is not known of the past.
    """

    runs: int
    people: int
    messages: int
    recipients: int
    over_budget: int
    refused: dict[str, int]
    ended: dict[str, int]
    steps: list[StepCountOut]
    assumptions: list[str]


class StartPreviewOut(RehearsalOut):
    """`begin` is how many begin immediately; `digest` is for the start."""

    begin: int
    digest: str


class AnswerOut(schemas.OutputSchema):
    is_in: bool
    sentences: list[str]


def _get(request: ApiRequest, playbook_id: int) -> Playbook:
    return playbooks.get(by=request.by, pk=playbook_id)


@router.get("/playbooks", response=schemas.Page[PlaybookOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=100)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List playbooks by id; staff who see only part of the community see none."""
    query = playbooks.list_all(request.by).order_by("pk")
    if key is not None:
        query = query.filter(key=key)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.post("/playbooks", response={201: PlaybookOut})
def create(request: ApiRequest, data: PlaybookIn) -> Any:
    """Create a draft, which does nothing before it is switched on."""
    playbook = playbooks.create(
        community=request.community,
        name=data.name,
        definition=data.definition,
        key=data.key,
        by=request.by,
        at=request.at,
    )
    return Status(201, playbook)


@router.get("/playbooks/{playbook_id}", response=PlaybookOut)
def get(request: ApiRequest, playbook_id: schemas.Id) -> Playbook:
    """Get a playbook."""
    return _get(request, playbook_id)


@router.post("/playbooks/{playbook_id}/duplicate", response={201: PlaybookOut})
def duplicate(request: ApiRequest, playbook_id: schemas.Id) -> Any:
    """Create a draft with the same steps."""
    playbook = playbooks.duplicate(
        playbook=_get(request, playbook_id), by=request.by, at=request.at
    )
    return Status(201, playbook)


@router.patch("/playbooks/{playbook_id}", response=PlaybookOut)
def update(
    request: ApiRequest, playbook_id: schemas.Id, data: PlaybookUpdateIn
) -> Playbook:
    """Change the name or the draft."""
    playbook = _get(request, playbook_id)
    playbooks.update(
        playbook=playbook,
        name=data.name,
        definition=data.definition,
        seen_at=data.seen_at,
        by=request.by,
        at=request.at,
    )
    return playbook


@router.delete("/playbooks/{playbook_id}", response={204: None})
def delete(request: ApiRequest, playbook_id: schemas.Id) -> Any:
    """Delete a draft that never ran."""
    playbook = _get(request, playbook_id)
    playbooks.delete(playbook=playbook, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/playbooks/{playbook_id}/problems", response=list[ProblemOut])
def list_problems(request: ApiRequest, playbook_id: schemas.Id) -> Any:
    """List what is wrong with the draft, in sentences."""
    return playbooks.find_problems(_get(request, playbook_id), request.by)


# States


@router.post("/playbooks/{playbook_id}/start", response=CountOut)
def start(request: ApiRequest, playbook_id: schemas.Id, data: StartIn) -> Any:
    """Switch a playbook on; returns how many begin immediately."""
    runs = lifecycle.switch_on(
        playbook=_get(request, playbook_id),
        choice=Choice(data.existing, data.days),
        digest=data.digest,
        by=request.by,
        at=request.at,
    )
    return {"runs": runs}


@router.post("/playbooks/{playbook_id}/publish", response=CountOut)
def publish(request: ApiRequest, playbook_id: schemas.Id, data: PublishIn) -> Any:
    """Let new runs follow the draft; returns how many runs are late by it."""
    runs = lifecycle.publish(
        playbook=_get(request, playbook_id),
        in_flight=data.in_flight,
        by=request.by,
        at=request.at,
    )
    return {"runs": runs}


@router.post("/playbooks/{playbook_id}/pause", response=PlaybookOut)
def pause(request: ApiRequest, playbook_id: schemas.Id, data: PauseIn) -> Playbook:
    """Pause a playbook, and hold the messages that it has planned."""
    playbook = _get(request, playbook_id)
    how = Pause(data.holds_waits, data.keeps_entries, data.until, data.then_stops)
    lifecycle.pause(playbook=playbook, pause=how, by=request.by, at=request.at)
    return playbook


@router.delete("/playbooks/{playbook_id}/pause", response=PlaybookOut)
def resume(request: ApiRequest, playbook_id: schemas.Id) -> Playbook:
    """Resume a paused playbook, and plan the messages that it held again."""
    playbook = _get(request, playbook_id)
    lifecycle.resume(playbook=playbook, by=request.by, at=request.at)
    return playbook


@router.post("/playbooks/{playbook_id}/stop", response=CountOut)
def stop(request: ApiRequest, playbook_id: schemas.Id, data: StopIn) -> Any:
    """Close to new entries, or end everything; returns the runs concerned."""
    playbook = _get(request, playbook_id)
    if data.runs == "all":
        return lifecycle.stop(playbook=playbook, by=request.by, at=request.at)
    return {"runs": lifecycle.close(playbook=playbook, by=request.by, at=request.at)}


@router.post("/playbooks/{playbook_id}/stale-runs", response=CountOut)
def settle_stale(request: ApiRequest, playbook_id: schemas.Id, data: SettleIn) -> Any:
    """Decide about the runs whose step is late because the playbook was changed."""
    runs = lifecycle.settle_stale(
        playbook=_get(request, playbook_id),
        choice=data.choice,
        by=request.by,
        at=request.at,
    )
    return {"runs": runs}


# Numbers and questions


@router.get("/playbooks/{playbook_id}/numbers", response=NumbersOut)
def get_numbers(request: ApiRequest, playbook_id: schemas.Id) -> Any:
    """Count the runs by state, and what the steps have done."""
    return results.count(playbook=_get(request, playbook_id), by=request.by)


@router.get("/playbooks/{playbook_id}/variants", response=list[VariantTestOut])
def list_variants(request: ApiRequest, playbook_id: schemas.Id) -> Any:
    """Compare the variants of messages by the orders within 7 days."""
    playbook = _get(request, playbook_id)
    return variant_results.measure(playbook=playbook, by=request.by, at=request.at)


@router.get("/playbooks/{playbook_id}/runs", response=list[RunOut], auth=READ_MEMBERS)
def list_runs(
    request: ApiRequest,
    playbook_id: schemas.Id,
    state: Literal["", "live", "pending", "held", "stale", "ended"] = "",
    limit: schemas.Limit = 50,
) -> Any:
    """List the newest runs."""
    playbook = _get(request, playbook_id)
    runs = results.list_runs(playbook=playbook, by=request.by, state=state, limit=limit)
    for run in runs:
        run.playbook = playbook
    return runs


@router.get("/playbooks/{playbook_id}/rehearsal", response=RehearsalOut)
def rehearse(
    request: ApiRequest,
    playbook_id: schemas.Id,
    since: schemas.Timestamp,
    until: schemas.Timestamp,
) -> Any:
    """Play the draft through on the facts of a span of the past; sends nothing."""
    return rehearsal.rehearse(
        playbook=_get(request, playbook_id),
        since=since,
        until=until,
        by=request.by,
        at=request.at,
    )


@router.get("/playbooks/{playbook_id}/start-preview", response=StartPreviewOut)
def preview_start(
    request: ApiRequest,
    playbook_id: schemas.Id,
    existing: Literal["nobody", "now", "as_if"] = "nobody",
    days: Annotated[int, Field(ge=0, le=365)] = 30,
) -> Any:
    """Say what would happen within a day if the playbook were switched on now."""
    return rehearsal.preview_start(
        playbook=_get(request, playbook_id),
        choice=Choice(existing, days),
        by=request.by,
        at=request.at,
    )


@router.get(
    "/members/{member_id}/playbook-runs", response=list[RunOut], auth=READ_MEMBERS
)
def list_runs_of_member(request: ApiRequest, member_id: schemas.Id) -> Any:
    """List the runs of a member in all playbooks, live ones first."""
    return explanations.list_of_member(account=member_id, by=request.by, at=request.at)


@router.get(
    "/playbooks/{playbook_id}/members/{member_id}",
    response=AnswerOut,
    auth=READ_MEMBERS,
)
def why(request: ApiRequest, playbook_id: schemas.Id, member_id: schemas.Id) -> Any:
    """Explain why a member is in the playbook or not."""
    return explanations.why(
        playbook=_get(request, playbook_id),
        account=member_id,
        by=request.by,
        at=request.at,
    )
