"""The script that draws charts: from the installed package, served by this house."""

from __future__ import annotations

import gzip

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qunce.console import entry
from qunce.insight import scripts

FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
@entry.public
def bundle(request: HttpRequest, name: str) -> HttpResponse:
    """Its name holds the version, so a browser asks once."""
    if name != scripts.name():
        raise Http404
    packed = scripts.packed()
    answer = HttpResponse(content_type="text/javascript; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.content = packed
        answer["Content-Encoding"] = "gzip"
    else:
        answer.content = gzip.decompress(packed)
    answer["Vary"] = "Accept-Encoding"
    answer["Cache-Control"] = FOR_EVER
    return answer
