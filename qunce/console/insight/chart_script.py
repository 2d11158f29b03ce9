"""The script that draws charts, served from the installed package."""

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
    """Return the script. Its name contains the version, so it can be cached forever."""
    if name != chart_script.name():
        raise Http404
    compressed = chart_script.load_gzipped()
    response = HttpResponse(content_type="text/javascript; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = compressed
        response["Content-Encoding"] = "gzip"
    else:
        response.content = gzip.decompress(compressed)
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = CACHE_FOREVER
    return response
