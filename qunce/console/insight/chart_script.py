"""The script that draws charts: from the installed package, served by this house."""

from __future__ import annotations

import gzip

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qunce.console import http
from qunce.insight import chart_script

CACHE_FOREVER = "public, max-age=31536000, immutable"


@require_safe
@http.public
def serve(request: HttpRequest, name: str) -> HttpResponse:
    """Its name holds the version, so a browser asks once."""
    if name != chart_script.name():
        raise Http404
    packed = chart_script.load_gzipped()
    answer = HttpResponse(content_type="text/javascript; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.content = packed
        answer["Content-Encoding"] = "gzip"
    else:
        answer.content = gzip.decompress(packed)
    answer["Vary"] = "Accept-Encoding"
    answer["Cache-Control"] = CACHE_FOREVER
    return answer
