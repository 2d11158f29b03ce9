"""The positioning sheet: its content, its versions, what hooks brought."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff.models import Staff
from qunce.insight.positioning import (
    circles,
    hook_results,
    sheet,
    sheets,
    view_changes,
)
from qunce.insight.positioning.models import PositioningVersion

router = Router(auth=RequiresScope("metrics"), tags=["positioning"])
Line = Annotated[str, Field(max_length=sheet.MAX_LINE)]
Text = Annotated[str, Field(max_length=sheet.MAX_TEXT)]
Word = Annotated[str, Field(max_length=sheet.MAX_WORD)]
Name = Annotated[str, Field(max_length=sheet.MAX_KEY)]
VersionNumber = Annotated[int, Field(ge=1, le=sheets.MAX_VERSIONS)]


class HookIn(schemas.InputSchema):
    """`kind` and `key` name what counts the hook: a tag, source, campaign or material."""

    text: Line
    pain: Line = ""
    kind: Word = ""
    key: Name = ""


class NeverSayIn(schemas.InputSchema):
    """A word that no new text has, and what to say instead."""

    word: Word
    instead: Word = ""


class ServedIn(schemas.InputSchema):
    circle: Line = ""
    region: Line = ""


Lines = Annotated[list[Line], Field(max_length=sheet.MAX_ROWS)]
Hooks = Annotated[list[HookIn], Field(max_length=sheet.MAX_ROWS)]
ServedLines = Annotated[list[ServedIn], Field(max_length=sheet.MAX_ROWS)]
Say = Annotated[list[Line], Field(max_length=sheet.MAX_WORDS)]
NeverSay = Annotated[list[NeverSayIn], Field(max_length=sheet.MAX_WORDS)]


class PositioningIn(schemas.InputSchema):
    """Parts that are missing stay as they are.

    `seen` is the number of the version that was read, 0 for none; if there is a newer one,
    nothing is saved.
    """

    product: Text | None = None
    reason: Text | None = None
    pains: Lines | None = None
    hooks: Hooks | None = None
    leader: Text | None = None
    values: Lines | None = None
    say: Say | None = None
    never_say: NeverSay | None = None
    circle_attribute: Name | None = None
    region_attribute: Name | None = None
    served: ServedLines | None = None
    view_attribute: Name | None = None
    seen: Annotated[int, Field(ge=0, le=sheets.MAX_VERSIONS)] | None = None


class HookOut(schemas.OutputSchema):
    """`key` is "" for a campaign that staff who see only some members do not know."""

    text: str
    pain: str
    kind: str
    key: str


class NeverSayOut(schemas.OutputSchema):
    word: str
    instead: str


class ServedOut(schemas.OutputSchema):
    circle: str
    region: str


class PositioningOut(schemas.OutputSchema):
    """`version` is 0 before the sheet is written."""

    version: int
    day: date | None
    by: str
    saved_at: datetime | None
    product: str
    reason: str
    pains: list[str]
    hooks: list[HookOut]
    leader: str
    values: list[str]
    say: list[str]
    never_say: list[NeverSayOut]
    circle_attribute: str
    region_attribute: str
    served: list[ServedOut]
    view_attribute: str


class PositioningVersionOut(schemas.OutputSchema):
    """`fields` are the parts that differ from the version before."""

    version: int
    day: date
    by: str
    saved_at: datetime
    fields: list[str]


class HookRulesOut(schemas.OutputSchema):
    """The rules that select the people of each number."""

    people: dict[str, Any]
    joined: dict[str, Any]
    bought: dict[str, Any]


class HookResultOut(schemas.OutputSchema):
    """`sales` are net, in the smallest unit of the currency; `source` is "" if nothing
    counts the hook."""

    text: str
    source: str
    people: int
    joined: int
    bought: int
    sales: int
    rules: HookRulesOut | None


class ServedCountOut(schemas.OutputSchema):
    """`count` is null where the sheet names no attribute."""

    circle: str
    region: str
    count: int | None


class PositioningResultsOut(schemas.OutputSchema):
    hooks: list[HookResultOut]
    served: list[ServedCountOut]


class ViewMoveOut(schemas.OutputSchema):
    """An empty text stands for all rarer values."""

    before: str
    after: str
    people: int
    percent: float | None


class ViewChangeOut(schemas.OutputSchema):
    """`people` had a value on both days. Fewer than 30 are not
    enough to say how many changed it."""

    attribute: str
    first: date
    last: date
    people: int
    changed: int | None
    percent: float | None
    moves: list[ViewMoveOut]


def _serialize(
    version: PositioningVersion | None, content: sheet.Sheet, by: Staff
) -> dict[str, Any]:
    return {
        "version": version.number if version else 0,
        "day": version.day if version else None,
        "by": version.by.login if version else "",
        "saved_at": version.created_at if version else None,
        **sheets.visible_content(content, by).to_json(),
    }


def _current(request: ApiRequest) -> dict[str, Any]:
    version = sheets.find_version(request.community)
    return _serialize(version, sheets.load(request.community), request.by)


@router.get("/positioning", response=PositioningOut)
def get(request: ApiRequest) -> dict[str, Any]:
    """Get the positioning sheet."""
    return _current(request)


@router.patch("/positioning", response=PositioningOut)
def update(request: ApiRequest, data: PositioningIn) -> dict[str, Any]:
    """Change parts of the sheet. What differs becomes a new version."""
    given = data.model_dump(exclude_unset=True, mode="python")
    content = {
        name: value
        for name, value in given.items()
        if value is not None and name != "seen"
    }
    sheets.save(
        community=request.community,
        content=content,
        seen=data.seen,
        by=request.by,
        at=request.at,
    )
    return _current(request)


@router.get("/positioning/versions", response=schemas.Page[PositioningVersionOut])
def list_versions(
    request: ApiRequest,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the versions of the sheet by their number."""
    rows = sheets.list_versions(request.by).order_by("number")
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(number__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.number,
    )
    items = [
        {
            "version": row.number,
            "day": row.day,
            "by": row.by.login,
            "saved_at": row.created_at,
            "fields": row.fields,
        }
        for row in page
    ]
    return {"items": items, "next": more}


@router.get("/positioning/versions/{version_number}", response=PositioningOut)
def get_version(request: ApiRequest, version_number: VersionNumber) -> dict[str, Any]:
    """Get the sheet as a version has it."""
    version = sheets.get_version(by=request.by, number=version_number)
    return _serialize(version, sheet.read(version.content), request.by)


@router.post("/positioning/versions/{version_number}/restore", response=PositioningOut)
def restore(request: ApiRequest, version_number: VersionNumber) -> dict[str, Any]:
    """Save the content of an earlier version as a new one."""
    version = sheets.get_version(by=request.by, number=version_number)
    sheets.restore(version=version, by=request.by, at=request.at)
    return _current(request)


@router.get("/positioning/results", response=PositioningResultsOut)
def get_results(
    request: ApiRequest,
    days: Annotated[int, Field(ge=1, le=hook_results.MAX_DAYS)] = (
        hook_results.DEFAULT_DAYS
    ),
) -> dict[str, Any]:
    """Count what each hook brought in the last days, and whom the sheet serves."""
    content = sheets.load(request.community)
    found = hook_results.list_results(content, days=days, by=request.by, at=request.at)
    counts = circles.list_counts(content, by=request.by, at=request.at)
    return {
        "hooks": [
            {
                "text": each.hook.text,
                "source": each.source,
                "people": each.people,
                "joined": each.joined,
                "bought": each.bought,
                "sales": each.sales,
                "rules": each.rules or None,
            }
            for each in found
        ],
        "served": [
            {
                "circle": each.served.circle,
                "region": each.served.region,
                "count": each.count,
            }
            for each in counts
        ],
    }


@router.get("/positioning/views", response=ViewChangeOut)
def get_view_change(
    request: ApiRequest,
    attribute: Name,
    first: date | None = None,
    last: date | None = None,
) -> dict[str, Any]:
    """Compare an attribute of the same members at the ends of two days."""
    preset = view_changes.default_span(request.by, request.at)
    found = view_changes.compare(
        attribute=attribute,
        first=first or preset[0],
        last=last or preset[1],
        by=request.by,
        at=request.at,
    )
    return {
        "attribute": found.attribute.name,
        "first": found.first,
        "last": found.last,
        "people": found.people,
        "changed": found.changed if found.is_enough else None,
        "percent": found.percent,
        "moves": [each.__dict__ for each in found.moves],
    }
