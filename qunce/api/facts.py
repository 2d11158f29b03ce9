"""Facts: told one by one, a thousand at once, or as an endless stream of lines."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Annotated, Any

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router
from pydantic import ValidationError

from qunce import ingest
from qunce.api import problems, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import db, errors
from qunce.core.facts import facts
from qunce.ingest import FactsRejected, IncomingFact, IngestResult
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import timelines

router = Router(auth=RequiresScope("facts"), tags=["facts"])
LONGEST_LINE = 65_536
MOST_FAULTS = 100
WRITING = threading.Lock()
Word = Annotated[str, Field(min_length=1, max_length=200)]


class FactIn(schemas.InputSchema):
    """`member` and `group` are keys; `member_id` and `group_id` numbers."""

    kind: Annotated[str, Field(max_length=90, examples=["page.viewed"])]
    happened_at: schemas.Timestamp | None = None
    member: Word | None = None
    member_id: schemas.Id | None = None
    group: Word | None = None
    group_id: schemas.Id | None = None
    payload: dict[str, Any] | None = None
    key: Word | None = None


Batch = Annotated[list[FactIn], Field(min_length=1, max_length=ingest.MAX_FACTS)]


class FactsIn(schemas.InputSchema):
    """`key` of a fact is taken once a `source`: send the same batch again at will."""

    facts: Batch
    source: Word = "api"


class FactsTaken(schemas.OutputSchema):
    """`duplicates` were recorded before."""

    accepted: int
    duplicates: int
    accounts_created: int


class Fault(schemas.OutputSchema):
    line: int
    detail: str


class StreamTaken(FactsTaken):
    """`refused` lines were passed over; the first hundred are told in `faults`."""

    refused: int
    faults: list[Fault]


class FactOut(schemas.OutputSchema):
    id: int
    kind: str
    account: int
    group: int | None
    happened_at: datetime
    recorded_at: datetime
    payload: dict[str, Any]


@router.post("/facts", response=FactsTaken)
def tell(request: ApiRequest, given: FactsIn) -> IngestResult:
    """Up to 1,000 facts; all are taken or, with a fault in one, none."""
    told = [_told(one, request.at) for one in given.facts]
    return _take(request, told, given.source)


def _take(call: ApiRequest, told: list[IncomingFact], source: str) -> IngestResult:
    with _turn():
        return ingest.record_facts(
            community=call.community,
            incoming=told,
            by=call.by,
            at=call.at,
            source=source,
        )


def _turn() -> AbstractContextManager[object]:
    """Where there is one writer at a time, who waits for us does not sleep meanwhile.

    Inside a transaction the database's own lock is held already.
    """
    if db.is_postgresql() or connection.in_atomic_block:
        return nullcontext()
    return WRITING


@router.get("/facts", response=schemas.Page[FactOut])
def of_member(
    request: ApiRequest,
    member: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """What one member did, the newest first."""
    account = visibility.get(by=request.by, account=member, at=request.at)
    found = timelines.list_facts(
        community=request.community,
        accounts=account_queries.account_ids_of_person(account.pk),
        limit=limit + 1,
        before=_before(after),
    )
    more = (
        schemas.encode_cursor(*timelines.cursor_of(found[limit - 1]))
        if found[limit:]
        else None
    )
    return {"items": found[:limit], "next": more}


def _before(after: str | None) -> timelines.Cursor | None:
    if after is None:
        return None
    micros, number = schemas.decode_cursor(after, parts=2)
    return micros, number


def _told(one: FactIn, at: datetime) -> IncomingFact:
    return IncomingFact(
        one.kind,
        one.happened_at or at,
        one.member or "",
        one.member_id,
        one.group or "",
        one.group_id,
        one.payload,
        one.key or "",
    )


# Streams


@router.post(
    "/facts/stream",
    response=StreamTaken,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
def stream(request: ApiRequest, source: Word = "api") -> dict[str, Any]:
    """Any number of facts, one JSON object a line; each thousand is one transaction.

    What was taken stays taken if the line breaks: give every fact a `key` and send all
    of it again.
    """
    tally = Tally(request, source)
    lines = enumerate(_lines(request), start=1)
    while some := list(itertools.islice(lines, ingest.MAX_FACTS)):
        tally.take(some)
    return tally.told()


class Tally:
    """Takes batch after batch and remembers how it went."""

    def __init__(self, call: ApiRequest, source: str) -> None:
        self.call, self.source = call, source
        self.accepted = self.duplicates = self.accounts_created = self.refused = 0
        self.faults: list[dict[str, Any]] = []

    def take(self, lines: list[tuple[int, bytes]]) -> None:
        good: list[tuple[int, IncomingFact]] = []
        for number, line in lines:
            try:
                one = _told(_read(line), self.call.at)
            except ValueError as error:
                self.refuse(number, _why(error))
                continue
            if said := ingest.find_error(one, self.call.at):
                self.refuse(number, said)
            else:
                good.append((number, one))
        self.write(good)

    def write(self, good: list[tuple[int, IncomingFact]]) -> None:
        """What cannot be taken is left out, and the rest tried again."""
        while good:
            try:
                told = [one for _number, one in good]
                self.add(_take(self.call, told, self.source))
                return
            except FactsRejected as error:
                for place, said in error.reasons.items():
                    self.refuse(good[place][0], said)
                good = [row for n, row in enumerate(good) if n not in error.reasons]
            except errors.NotFound as error:
                good = self._halves(good, error)

    def _halves(
        self, good: list[tuple[int, IncomingFact]], error: errors.QunceError
    ) -> list[tuple[int, IncomingFact]]:
        """Find the facts whose member or group is unknown: the error names one alone."""
        if len(good) == 1:
            self.refuse(good[0][0], str(error))
            return []
        middle = len(good) // 2
        self.write(good[:middle])
        return good[middle:]

    def add(self, taken: IngestResult) -> None:
        self.accepted += taken.accepted
        self.duplicates += taken.duplicates
        self.accounts_created += taken.accounts_created

    def refuse(self, line: int, said: str) -> None:
        self.refused += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append({"line": line, "detail": said})

    def told(self) -> dict[str, Any]:
        names = ("accepted", "duplicates", "accounts_created", "refused", "faults")
        return {name: getattr(self, name) for name in names}


def _lines(request: HttpRequest) -> Iterator[bytes]:
    """Lines of the body as they come in; an endless one ends the reading."""
    body: Any = request
    if request.META.get("wsgi.input_terminated"):  # chunked: there is no length
        body = request.META["wsgi.input"]
    while line := body.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise problems.UnreadableRequest(
                _("A line has at most %(n)s bytes.") % {"n": LONGEST_LINE}
            )
        yield line.strip()


def _read(line: bytes) -> FactIn:
    return FactIn.model_validate(schemas.parse_json(line))


def _why(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return _("This line is not valid JSON.")
    first: Iterable[Any] = error.errors(include_url=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {problems.error_message(fault)}"
        for fault in first
    )


def kinds() -> list[str]:
    """Kinds that rooms of ours leave to programs, for the description."""
    return sorted(kind for kind, one in facts.declared().items() if one.reportable)
