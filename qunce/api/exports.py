"""Exports: members in chosen columns, and everything about one person."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors
from qunce.members.columns import columns as member_columns
from qunce.members.people import person_export
from qunce.members.search import list_export, member_list

router = Router(
    auth=RequiresScope("members", action="read", shows_members=True), tags=["exports"]
)


def describe_file(description: str, media_type: str) -> dict[str, Any]:
    """The description of a response that is a file."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {"responses": {200: {"description": description, "content": content}}}


class MemberExportIn(schemas.InputSchema):
    """Without `rule`, everyone who is in the community now. `search` narrows it down.

    `columns` are keys of `GET /member-columns`; key and name come first in any case.
    `sort_by` is such a key, with a minus for the highest first.
    """

    rule: schemas.Rule | None = None
    search: schemas.ShortText = ""
    columns: Annotated[list[schemas.Key], Field(max_length=100)] = []
    sort_by: schemas.ShortText = ""


class ColumnOut(schemas.OutputSchema):
    key: str
    label: str
    sortable: bool


class UnknownColumn(errors.Invalid):
    """There is no column with this key."""


@router.get("/member-columns", response=list[ColumnOut])
def list_columns(request: ApiRequest) -> list[dict[str, Any]]:
    """List the columns in which members can be listed and exported."""
    return [
        {
            "key": column.key,
            "label": str(column.label),
            "sortable": column.is_sortable,
        }
        for column in member_columns.list_all(request.community)
    ]


@router.post(
    "/member-exports",
    response={200: None},
    openapi_extra=describe_file("CSV with one row a member", "text/csv"),
)
def export_members(request: ApiRequest, data: MemberExportIn) -> HttpResponseBase:
    """Export the members who match a rule as CSV, in chosen columns."""
    by, at = request.by, request.at
    columns = member_columns.find(request.community, data.columns)
    unknown = sorted(set(data.columns) - {column.key for column in columns})
    if unknown:
        raise UnknownColumn(_("There is no column “%(key)s”.") % {"key": unknown[0]})
    people = member_list.find_people(by=by, at=at, rule=data.rule, query=data.search)
    order = member_list.sort(people, by=by, at=at, sort_by=data.sort_by)
    table = list_export.start(by=by, at=at, order=order, columns=columns)
    return StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")


@router.get(
    "/members/{member_id}/export",
    response={200: None},
    openapi_extra=describe_file("ZIP archive of JSON files", "application/zip"),
)
def export_person(request: ApiRequest, member_id: schemas.Id) -> HttpResponse:
    """Export everything that is stored about a member, for the member themselves."""
    data = person_export.export(account=member_id, by=request.by, at=request.at)
    response = HttpResponse(data.to_zip(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{data.key}.zip"'
    return response
