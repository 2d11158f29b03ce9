"""A file comes in."""

from __future__ import annotations

import csv
import io

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.importing.upload_handler import Received, Receiver
from qunce.core import errors
from qunce.importing import jobs, registry, uploads


class NoFile(errors.Invalid):
    """The form came without a file."""


# The token is looked at once it is known who writes to our disk: looking reads the body.
@csrf_exempt
@require_http_methods(["GET", "POST"])
@http.page(jobs.IMPORT)
def new(request: http.Request) -> HttpResponse:
    jobs.check_may_import(request.staff)
    if request.method != "POST":
        return _form(request)
    receiver = Receiver(request.community)
    request.upload_handlers = [receiver]
    try:
        return _received(request)
    except errors.Invalid as error:
        return _form(request, error=str(error))
    finally:
        receiver.drop()


@csrf_protect
def _received(request: http.Request) -> HttpResponse:
    file = request.FILES.get("file")
    if not isinstance(file, Received) or not file.size:
        raise NoFile(_("The file is empty. Choose another one."))
    upload = uploads.accept(
        path=file.path, name=file.name or "", by=request.staff, at=request.at
    )
    return http.back(request, reverse("importing:file-detail", args=[upload.pk]))


def _form(request: http.Request, error: str = "") -> HttpResponse:
    context = {
        "error": error,
        "most": settings.MAX_UPLOAD_BYTES,
        "targets": registry.list_all(),
    }
    status = 422 if error else 200
    return http.render(request, "console/importing/new.html", context, status=status)


@http.page(jobs.IMPORT)
def example(request: http.Request, target: str) -> HttpResponse:
    """A small file of a kind, to be looked at and filled in."""
    examples = registry.get(target).examples
    text = io.StringIO()
    csv.writer(text).writerows(examples.get(request.LANGUAGE_CODE, examples["en"]))
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{target}.csv"'},
    )
