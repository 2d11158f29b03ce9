"""Materials: what is sent besides texts, their versions, files and results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.exports import describe_file
from qunce.api.import_files import UPLOAD_BODY
from qunce.core import errors, permissions
from qunce.core.web import byte_ranges
from qunce.outreach.campaigns import content_uses
from qunce.outreach.content import file_types, files
from qunce.outreach.content.files import Depth, StoredFile
from qunce.outreach.content.materials import checks, library, search
from qunce.outreach.content.materials.models import (
    MAX_TEXT_LENGTH,
    ContentType,
    Material,
    MaterialVersion,
)
from qunce.outreach.content.materials.search import Filters

router = Router(auth=RequiresScope("materials"), tags=["materials"])
MAX_REQUEST_BYTES = file_types.MAX_BYTES + 10**6
Kind = Literal["text", "image", "link", "video", "mini_program", "file", "product"]
Type = Annotated[
    ContentType,
    WithJsonSchema({"type": "string", "enum": ContentType.values}),
]
Title = Annotated[str, Field(max_length=80)]
Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH)]
Label = Annotated[str, Field(max_length=80)]


class MaterialUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are. New content makes a new version.

    `text` is what is sent, `notes` are for staff. `price` is in the smallest unit of
    `currency`. With a `stock` of 0 a product is sold out and cannot be sent; null is a
    stock that is not counted. `licence_until` is the last day on which it may be sent.
    """

    title: Title | None = None
    text: Text | None = None
    notes: Text | None = None
    url: Annotated[str, Field(max_length=2_000)] | None = None
    app_id: Annotated[str, Field(max_length=64)] | None = None
    app_path: Annotated[str, Field(max_length=500)] | None = None
    points: Text | None = None
    price: Annotated[int, Field(ge=0, le=9_000_000_000_000_000)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    file_ids: Annotated[list[schemas.Id], Field(max_length=9)] | None = None
    content_type: Type | None = None
    folder: Label | None = None
    tags: Annotated[list[Label], Field(max_length=20)] | None = None
    origin: schemas.ShortText | None = None
    licence: schemas.ShortText | None = None
    licence_until: date | None = None
    stock: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class MaterialIn(MaterialUpdateIn):
    kind: Kind
    title: Title
    content_type: Type


class FileOut(schemas.OutputSchema):
    """`width` and `height` are 0 for what is no picture."""

    id: int
    name: str
    media_type: str
    size: int
    width: int
    height: int


class VersionOut(schemas.OutputSchema):
    id: int
    number: int
    title: str
    text: str
    notes: str
    url: str
    app_id: str
    app_path: str
    points: str
    price: int | None
    currency: str
    files: list[FileOut]
    created_at: datetime


class MaterialOut(schemas.OutputSchema):
    """`not_sendable` is the reason why it cannot be sent now, else empty."""

    id: int
    kind: str
    content_type: str
    folder: str
    tags: list[str]
    origin: str
    licence: str
    licence_until: date | None
    stock: int | None
    not_sendable: str
    version: VersionOut
    created_at: datetime
    archived_at: datetime | None


class VersionsOut(schemas.OutputSchema):
    items: list[VersionOut]


class UseOut(schemas.OutputSchema):
    """`reached` of `total` messages are sent or delivered, `delivered` confirmed."""

    campaign_id: int
    version: int
    total: int
    reached: int
    delivered: int


class UsesOut(schemas.OutputSchema):
    items: list[UseOut]


class NoFile(errors.Invalid):
    """The request has no file."""


NULLABLE_FIELDS = ("licence_until", "stock", "price")


def _serialize(request: ApiRequest, material: Material) -> dict[str, Any]:
    names = ("kind", "content_type", "folder", "tags", "origin", "licence")
    return {
        "id": material.pk,
        **{name: getattr(material, name) for name in names},
        "licence_until": material.licence_until,
        "stock": material.stock,
        "not_sendable": checks.why_version_not_sendable(
            material.version, request.at, Depth.SIZE
        ),
        "version": _serialize_version(material.version),
        "created_at": material.created_at,
        "archived_at": material.archived_at,
    }


def _serialize_version(version: MaterialVersion) -> dict[str, Any]:
    content = library.content_of(version)
    return content | {
        "id": version.pk,
        "number": version.number,
        "files": [_serialize_file(file) for file in version.files],
        "created_at": version.created_at,
    }


def _serialize_file(file: StoredFile) -> dict[str, Any]:
    names = ("name", "media_type", "size", "width", "height")
    return {"id": file.pk, **{name: getattr(file, name) for name in names}}


def _fields(request: ApiRequest, data: MaterialUpdateIn) -> dict[str, Any]:
    """The fields that were sent; null is ignored where it is no value."""
    given = {
        name: value
        for name, value in data.model_dump(
            exclude_unset=True, exclude={"kind", "file_ids"}
        ).items()
        if value is not None or name in NULLABLE_FIELDS
    }
    if data.file_ids is not None:
        given["files"] = files.get_all(request.community, data.file_ids)
    return given


@router.get("/materials", response=schemas.Page[MaterialOut])
def list_(
    request: ApiRequest,
    search_text: Annotated[str, Field(max_length=80, alias="search")] = "",
    kind: Kind | None = None,
    content_type: Type | None = None,
    folder: Label = "",
    tag: Label = "",
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List materials by id.

    `search` finds words of any text, and pinyin of names, folders and tags.
    """
    filters = Filters(
        query=search_text,
        kind=kind or "",
        content_type=content_type.value if content_type else "",
        folder=folder,
        tag=tag,
        state="archived" if archived else "",
    )
    found = search.find(request.by, filters, at=request.at)
    by_id = sorted(found, key=lambda material: material.pk)
    page, more = schemas.paginate(
        lambda start_id, size: [m for m in by_id if m.pk > start_id][:size],
        after=after,
        limit=limit,
        id_of=lambda material: material.pk,
    )
    return {"items": [_serialize(request, m) for m in page], "next": more}


@router.post("/materials", response={201: MaterialOut})
def create(request: ApiRequest, data: MaterialIn) -> Any:
    """Create a material. Upload its files before."""
    material = library.create(
        community=request.community,
        kind=data.kind,
        by=request.by,
        at=request.at,
        **_fields(request, data),
    )
    return Status(201, _serialize(request, library.get(by=request.by, pk=material.pk)))


@router.post("/materials/files", response={201: FileOut}, openapi_extra=UPLOAD_BODY)
def upload(request: ApiRequest) -> Any:
    """Upload a file for a material, as the field `file` of a multipart form.

    Its content must be what its name says. A file that no material uses is deleted after
    a day.
    """
    # Both before the body is read, which writes it to the disk.
    permissions.check_may(request.by, files.MANAGE)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
        files.check_size(MAX_REQUEST_BYTES)
    file = request.FILES.get("file")
    if file is None or file.file is None:
        raise NoFile(_("Send the file as the field “file” of a multipart form."))
    stored = files.store(
        content=file.file, name=file.name or "", by=request.by, at=request.at
    )
    return Status(201, _serialize_file(stored))


@router.get(
    "/materials/files/{material_file_id}",
    response={200: None},
    openapi_extra=describe_file("The file", "application/octet-stream"),
)
def download(request: ApiRequest, material_file_id: schemas.Id) -> HttpResponseBase:
    """Download a file, or with the header `Range` one range of its bytes."""
    file = files.get(request.community, material_file_id)
    files.check_on_disk(file)
    found = byte_ranges.respond(
        files.path_of(file),
        method=request.method,
        headers=request.headers,
        etag=file.digest,
    )
    response = StreamingHttpResponse(
        found.chunks,
        status=found.status,
        headers={"Content-Type": file.media_type, **found.headers},
    )
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=file.name)
        or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@router.get("/materials/{material_id}", response=MaterialOut)
def get(request: ApiRequest, material_id: schemas.Id) -> dict[str, Any]:
    """Get a material with its newest version."""
    return _serialize(request, library.get(by=request.by, pk=material_id))


@router.patch("/materials/{material_id}", response=MaterialOut)
def update(
    request: ApiRequest, material_id: schemas.Id, data: MaterialUpdateIn
) -> dict[str, Any]:
    """Change a material. Messages that name an older version keep it."""
    material = library.get(by=request.by, pk=material_id)
    library.update(
        material=material, by=request.by, at=request.at, **_fields(request, data)
    )
    return get(request, material_id)


@router.get("/materials/{material_id}/versions", response=VersionsOut)
def list_versions(request: ApiRequest, material_id: schemas.Id) -> dict[str, Any]:
    """List the versions of a material, the newest first."""
    material = library.get(by=request.by, pk=material_id)
    versions = library.list_versions(material)
    return {"items": [_serialize_version(version) for version in versions]}


@router.get("/materials/{material_id}/uses", response=UsesOut)
def list_uses(request: ApiRequest, material_id: schemas.Id) -> dict[str, Any]:
    """List the campaigns that use a material, and what became of their messages."""
    material = library.get(by=request.by, pk=material_id)
    return {
        "items": [
            {
                "campaign_id": use.campaign.pk,
                "version": use.version,
                "total": use.result.total,
                "reached": use.result.reached,
                "delivered": use.result.delivered,
            }
            for use in content_uses.list_uses(by=request.by, material=material)
        ]
    }


@router.post("/materials/{material_id}/archive", response=MaterialOut)
def archive(request: ApiRequest, material_id: schemas.Id) -> dict[str, Any]:
    """Archive a material. It cannot be sent any more; what was sent keeps it."""
    material = library.get(by=request.by, pk=material_id)
    library.archive(material=material, by=request.by, at=request.at)
    return get(request, material_id)


@router.delete("/materials/{material_id}/archive", response=MaterialOut)
def restore(request: ApiRequest, material_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived material."""
    material = library.get(by=request.by, pk=material_id)
    library.restore(material=material, by=request.by, at=request.at)
    return get(request, material_id)
