"""Refuses large forms before anything of them is read.

Checking the token of a form reads its body, and Django writes files in it to the disk,
whoever sends them. Views that take large files are exempt from that check: they read the
body, and check its token, only once they know who sends it and how large it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from qunce.console import errors

MAX_BYTES = 12 * 10**6
"""The largest is that of a proof, a picture of 10 MB."""


class FormSizeMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_given: Any
    ) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_small = length.isascii() and length.isdigit() and int(length) <= MAX_BYTES
        if is_small or getattr(view, "csrf_exempt", False):
            return None
        text = _("This is larger than %(most)s MB. Choose a smaller file.")
        return errors.render_error(
            request, text % {"most": MAX_BYTES // 10**6}, status=413
        )
