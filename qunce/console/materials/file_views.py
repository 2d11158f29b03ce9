"""Serves stored files so that nothing in them can act in the console.

They come from staff, so the headers name their type, forbid guessing another one, and
allow nothing. Only pictures and videos are shown in a page; the rest is downloaded.
"""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from qunce.console import http
from qunce.core.web import byte_ranges
from qunce.outreach.content import files

SANDBOX = (
    "default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'; sandbox"
)
MAX_AGE = "private, max-age=31536000, immutable"


@http.page()
def file(request: http.Request, pk: int) -> HttpResponseBase:
    found = files.get(request.community, pk)
    files.check_on_disk(found)
    is_inline = found.type.is_shown_inline and "download" not in request.GET
    path = files.path_of(found)
    response = respond(request, path, media_type=found.media_type, etag=found.digest)
    return _protected(response, found.name, is_inline=is_inline)


@http.page()
def thumbnail(request: http.Request, pk: int) -> HttpResponseBase:
    found = files.get(request.community, pk)
    files.check_on_disk(found)
    path = files.thumbnail_of(found)
    if path is None:
        raise Http404
    response = respond(request, path, media_type="image/webp")
    return _protected(response, f"{found.name}.webp", is_inline=True)


def respond(
    request: http.Request, path: Path, *, media_type: str, etag: str = ""
) -> StreamingHttpResponse:
    """The file or a range of it, without the headers that protect the console."""
    found = byte_ranges.respond(
        path, method=request.method, headers=request.headers, etag=etag
    )
    return StreamingHttpResponse(
        found.chunks,
        status=found.status,
        headers={"Content-Type": media_type, **found.headers},
    )


def _protected(
    response: HttpResponseBase, name: str, *, is_inline: bool
) -> HttpResponseBase:
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=not is_inline, filename=name)
        or "inline"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # The content of an id never changes.
    response["Cache-Control"] = MAX_AGE
    return response
