"""Privacy: opt-out, consents, what is known, export and erasure."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from qunce.portal import http
from qunce.portal.privacy import actions, presenters


@require_safe
@http.page()
def privacy(request: http.Request) -> HttpResponse:
    return http.render(request, "portal/privacy.html", presenters.of(request.visitor))


def _back(request: http.Request) -> HttpResponse:
    return http.redirect(f"{http.local_path(request, '')}privacy")


@require_POST
@http.page()
def opt_out(request: http.Request) -> HttpResponse:
    actions.opt_out(visitor=request.visitor, at=request.at)
    return _back(request)


@require_POST
@http.page()
def opt_in(request: http.Request) -> HttpResponse:
    actions.opt_in(visitor=request.visitor, at=request.at)
    return _back(request)


@require_POST
@http.page()
def consents(request: http.Request) -> HttpResponse:
    actions.answer(
        visitor=request.visitor,
        purpose=request.POST.get("purpose", ""),
        is_given=request.POST.get("answer") == "given",
        at=request.at,
    )
    return _back(request)


@require_POST
@http.page()
def export(request: http.Request) -> HttpResponse:
    data = actions.export(visitor=request.visitor, at=request.at)
    response = HttpResponse(data.to_zip(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{data.key}.zip"'
    return response


@require_POST
@http.page()
def request_erasure(request: http.Request) -> HttpResponse:
    actions.request_erasure(visitor=request.visitor, at=request.at)
    return _back(request)


@require_POST
@http.page()
def withdraw_erasure(request: http.Request) -> HttpResponse:
    actions.withdraw_erasure(visitor=request.visitor, at=request.at)
    return _back(request)
