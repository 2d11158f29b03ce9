"""Facts: reported in batches of up to a thousand, or as a stream of lines."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router
from pydantic import BeforeValidator, ValidationError

from qunce import ingest
from qunce.api import problems, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import db, errors, json_values, timestamps
from qunce.core.facts import reported_facts
from qunce.core.facts.fact_effects import Effect
from qunce.core.staff import api_keys
from qunce.groups import visibility as group_visibility
from qunce.ingest.incoming_facts import FactsRejected, IncomingFact
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import timelines

router = Router(auth=RequiresScope("facts"), tags=["facts"])
MAX_LINE_BYTES = 65_536
MAX_STREAM_ERRORS = 100
"""Errors that the response to a stream lists."""
WRITE_LOCK = threading.Lock()
Text = Annotated[str, Field(min_length=1, max_length=200)]


EPOCH = re.compile(r"\d+(\.\d+)?")
NUMBERS = (int, Decimal)


def _parse_epoch(value: Any) -> Any:
    """Return the time of a number since 1970; other values are parsed by pydantic."""
    if isinstance(value, str):
        is_epoch = EPOCH.fullmatch(value) is not None
    else:
        is_epoch = isinstance(value, NUMBERS) and not isinstance(value, bool)
    if is_epoch:
        return timestamps.from_micros(timestamps.from_epoch(str(value)))
    return value


Moment = Annotated[schemas.Timestamp, BeforeValidator(_parse_epoch)]


class FactIn(schemas.InputSchema):
    """Name the member by key, phone, e-mail or UnionID, or by `member_id` alone; the same
    for the group.

    Unknown members and groups are created. A fact with a `key` is recorded
    once per source; equal facts without a key are recorded once, too. Without
    `happened_at`, it happened now; a number is seconds, milliseconds or microseconds
    since 1970. Joins, leaves, opt-outs and orders take effect as listed in the reference
    of facts; other kinds that Qunce records itself are refused.
    """

    kind: Annotated[str, Field(max_length=90, examples=["page.viewed"])]
    happened_at: Moment | None = None
    member_key: Text | None = None
    member_id: schemas.Id | None = None
    phone: Text | None = None
    email: Text | None = None
    unionid: Text | None = None
    group_key: Text | None = None
    group_id: schemas.Id | None = None
    payload: dict[str, Any] | None = None
    key: Text | None = None


FactBatch = Annotated[list[FactIn], Field(min_length=1, max_length=ingest.MAX_FACTS)]


class FactsIn(schemas.InputSchema):
    """The same batch can safely be sent again if its facts have a `key` or a time.

    Times before 2000 and more than a day ahead are refused unless they are allowed.
    """

    facts: FactBatch
    source: Text = "api"
    allow_old_times: bool = False
    allow_future_times: bool = False


class IngestResult(schemas.OutputSchema):
    """`duplicates` were recorded before. `accounts_created` did not exist before.

    `suppressed` are facts of people who were erased; nothing of them is stored.
    """

    accepted: int
    duplicates: int
    accounts_created: int
    suppressed: int = 0


class LineError(schemas.OutputSchema):
    line: int
    detail: str


class StreamResult(IngestResult):
    """`rejected` lines were skipped. `errors` has the first 100 of them."""

    rejected: int
    errors: list[LineError]


class FactOut(schemas.OutputSchema):
    id: int
    kind: str
    account_id: int
    group_id: int | None
    happened_at: datetime
    recorded_at: datetime
    payload: dict[str, Any]


def _to_incoming(fact: FactIn, at: datetime) -> IncomingFact:
    # Positional, as keywords take longer and a batch has a thousand facts.
    return IncomingFact(
        fact.kind,
        fact.happened_at or at,
        fact.member_key or "",
        fact.member_id,
        fact.group_key or "",
        fact.group_id,
        fact.payload,
        fact.key or "",
        fact.phone or "",
        fact.email or "",
        fact.unionid or "",
    )


def _write_lock() -> AbstractContextManager[object]:
    """Return a lock under which threads of this process write to SQLite one by one.

    SQLite has one writer at a time, and a connection that finds it busy sleeps before it
    tries again; a lock wakes the next thread immediately. Inside a transaction the
    database's own lock is held already.
    """
    if db.is_postgresql() or connection.in_atomic_block:
        return nullcontext()
    return WRITE_LOCK


@dataclass(frozen=True)
class Report:
    """What all facts of a request have in common."""

    request: ApiRequest
    source: str
    limits: reported_facts.TimeLimits

    def check_effect(self, effect: Effect) -> None:
        api_keys.check_scope(self.request.key, effect.scope)

    def record(self, incoming: list[IncomingFact]) -> ingest.IngestResult:
        # One thread checks its facts while another one waits for the disk.
        return ingest.record_facts(
            community=self.request.community,
            incoming=incoming,
            by=self.request.by,
            at=self.request.at,
            source=self.source,
            limits=self.limits,
            check_effect=self.check_effect,
            lock=_write_lock(),
        )


@router.post("/facts", response=IngestResult)
def record(request: ApiRequest, data: FactsIn) -> ingest.IngestResult:
    """Record up to 1,000 facts in one transaction.

    If any of them is invalid, none is recorded.
    """
    incoming = [_to_incoming(fact, request.at) for fact in data.facts]
    limits = reported_facts.time_limits(
        request.at,
        allow_old=data.allow_old_times,
        allow_future=data.allow_future_times,
    )
    return Report(request, data.source, limits).record(incoming)


@router.get("/facts", response=schemas.Page[FactOut])
def list_(
    request: ApiRequest,
    member_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the facts of a member, the newest first."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    before: timelines.Cursor | None = None
    if after is not None:
        micros, fact_id = schemas.decode_cursor(after, parts=2)
        before = micros, fact_id
    rows = timelines.list_facts(
        community=request.community,
        accounts=account_queries.account_ids_of_person(account.pk),
        limit=limit + 1,
        before=before,
    )
    # The one after the page shows that there is a next page.
    more = None
    if len(rows) > limit:
        more = schemas.encode_cursor(*timelines.cursor_of(rows[limit - 1]))
    groups = {fact.group for fact in rows if fact.group is not None}
    visible = set(
        group_visibility.list_visible(request.by)
        .filter(pk__in=groups)
        .values_list("pk", flat=True)
    )
    items = [
        {
            "id": fact.id,
            "kind": fact.kind,
            "account_id": fact.account,
            "group_id": fact.group if fact.group in visible else None,
            "happened_at": fact.happened_at,
            "recorded_at": fact.recorded_at,
            "payload": fact.payload,
        }
        for fact in rows[:limit]
    ]
    return {"items": items, "next": more}


# Streams


@router.post(
    "/facts/stream",
    response=StreamResult,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
def stream(
    request: ApiRequest,
    source: Text = "api",
    allow_old_times: bool = False,
    allow_future_times: bool = False,
) -> dict[str, Any]:
    """Record any number of facts, one JSON object per line.

    Each thousand lines are one transaction. If the connection breaks, what was recorded
    stays recorded. Give every fact a `key` or a time, then the whole stream can be sent
    again.
    """
    limits = reported_facts.time_limits(
        request.at, allow_old=allow_old_times, allow_future=allow_future_times
    )
    recorder = StreamRecorder(Report(request, source, limits))
    lines = enumerate(_read_lines(request), start=1)
    # Recorded while the rest still arrives, so that memory holds one batch however long
    # the stream is.
    while batch := list(itertools.islice(lines, ingest.MAX_FACTS)):
        recorder.record_lines(batch)
    return recorder.result()


NumberedFacts = list[tuple[int, IncomingFact]]
"""Facts with the numbers of their lines."""


class StreamRecorder:
    """Records batches of lines, skips invalid ones and counts both."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.accepted = self.duplicates = self.accounts_created = self.rejected = 0
        self.suppressed = 0
        self.errors: list[dict[str, Any]] = []

    def record_lines(self, lines: list[tuple[int, bytes]]) -> None:
        valid: NumberedFacts = []
        for number, line in lines:
            try:
                json_values.check_storable(line)
                parsed = FactIn.model_validate(json_values.parse(line))
                fact = _to_incoming(parsed, self.report.request.at)
            except (ValueError, errors.Invalid) as error:
                self.reject(number, _describe(error))
                continue
            # Checked before the batch is recorded, so that one bad line does not cost a
            # rollback.
            if reason := ingest.find_error(
                fact, self.report.limits, self.report.check_effect
            ):
                self.reject(number, reason)
            else:
                valid.append((number, fact))
        self.record(valid)

    def record(self, numbered: NumberedFacts) -> None:
        """Record these facts. Those that are rejected are left out and the rest retried."""
        while numbered:
            try:
                incoming = [fact for _number, fact in numbered]
                result = self.report.record(incoming)
            except FactsRejected as error:
                for index, reason in error.reasons.items():
                    self.reject(numbered[index][0], reason)
                numbered = [
                    row
                    for index, row in enumerate(numbered)
                    if index not in error.reasons
                ]
            except errors.NotFound as error:
                # The error names one of the unknown members or groups, and not the fact,
                # so the batch is halved until that fact is alone.
                if len(numbered) == 1:
                    self.reject(numbered[0][0], str(error))
                    return
                middle = len(numbered) // 2
                self.record(numbered[:middle])
                numbered = numbered[middle:]
            else:
                self.accepted += result.accepted
                self.duplicates += result.duplicates
                self.accounts_created += result.accounts_created
                self.suppressed += result.suppressed
                return

    def reject(self, line: int, detail: str) -> None:
        self.rejected += 1
        if len(self.errors) < MAX_STREAM_ERRORS:
            self.errors.append({"line": line, "detail": detail})

    def result(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in StreamResult.model_fields}


def _read_lines(request: HttpRequest) -> Iterator[bytes]:
    """Yield the lines of the body as they arrive. A line that is too long ends the stream."""
    body: Any = request
    # A chunked request has no length, and Django would read an empty body.
    if request.META.get("wsgi.input_terminated"):
        body = request.META["wsgi.input"]
    while line := body.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise problems.UnreadableRequest(
                _("A line has at most %(n)s bytes.") % {"n": MAX_LINE_BYTES}
            )
        yield line.strip()


def _describe(error: ValueError | errors.Invalid) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    details: Iterable[Any] = error.errors(include_url=False, include_input=False)
    # Without the input, which may be personal data.
    return "; ".join(
        f"{'.'.join(map(str, detail['loc']))}: {problems.error_message(detail)}"
        for detail in details
    )
