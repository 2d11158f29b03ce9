"""Pages with a picture that members keep: they press long on it, as chat apps offer it.

The picture is a file of its own, whose address changes with what it shows, so that phones
may keep it. Names are masked in all but the card, which the member passes on as theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpResponse

from qunce.core.pictures import pictures
from qunce.core.pictures.pictures import Picture
from qunce.members.personal_links import links, portal_settings
from qunce.portal import http

CACHED_SECONDS = 300


def address(request: http.Request, path: str) -> str:
    """The whole address of a page of this community, as a QR code needs it."""
    path = f"{links.PATH}{request.community.key}/{path}"
    if portal_settings.has_address():
        return links.address(path)
    return request.build_absolute_uri(path)


def render_page(
    request: http.Request,
    *,
    title: str,
    hint: str,
    file: str,
    shown: Sequence[tuple[Picture, dict[str, str]]],
    back: str,
) -> HttpResponse:
    """The page of pictures; each is the file at `file` with the values of its query."""
    rows = [
        (
            f"{file}?{urlencode(query | {'v': pictures.version_of(picture)})}",
            pictures.describe(picture),
        )
        for picture, query in shown
    ]
    context = {"title": title, "hint": hint, "pictures": rows, "back": back}
    return http.render(request, "portal/picture.html", context)


def respond(picture: Picture) -> HttpResponse:
    """The picture as PNG."""
    response = HttpResponse(pictures.render(picture), content_type="image/png")
    response["Cache-Control"] = f"private, max-age={CACHED_SECONDS}"
    return response
