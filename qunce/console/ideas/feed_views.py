"""Pages and actions of feeds."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.ideas import presenters
from qunce.console.ideas.forms import FeedForm
from qunce.core import errors, permissions
from qunce.outreach.content import files
from qunce.outreach.ideas import feeds
from qunce.outreach.ideas.models import Feed


@require_GET
@http.page()
def feed_list(request: http.Request) -> HttpResponse:
    context = {
        "rows": presenters.feed_rows(request.staff, request.at),
        "may_manage": permissions.may(request.staff, files.MANAGE),
    }
    return http.render(request, "console/ideas/feed_list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def feed_create(request: http.Request) -> HttpResponse:
    form = FeedForm(request.POST or None)
    if form.is_valid():
        try:
            feed = feeds.add(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("“%(title)s” is added and is read within seconds.")
            return _done(request, text % {"title": feed})
    return _render_form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(files.MANAGE)
def feed_update(request: http.Request, pk: int) -> HttpResponse:
    feed = feeds.get(by=request.staff, pk=pk)
    form = FeedForm(request.POST or None, feed=feed)
    if form.is_valid():
        try:
            feeds.update(
                feed=feed, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            return _done(request, _("Saved."))
    return _render_form(request, form, feed)


def _render_form(
    request: http.Request, form: FeedForm, feed: Feed | None
) -> HttpResponse:
    context = {
        "form": form,
        "feed": feed,
        "row": presenters.feed_row(feed, request.at) if feed else None,
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/ideas/feed_form.html", context, status=status)


def _done(request: http.Request, text: str) -> HttpResponse:
    http.flash(request, text)
    return http.redirect_back(request, reverse("ideas:feed-list"))


@require_POST
@http.page(files.MANAGE)
def pause(request: http.Request, pk: int) -> HttpResponse:
    feed = feeds.get(by=request.staff, pk=pk)
    feeds.pause(feed=feed, by=request.staff, at=request.at)
    return _done(request, _("“%(title)s” is paused.") % {"title": feed})


@require_POST
@http.page(files.MANAGE)
def resume(request: http.Request, pk: int) -> HttpResponse:
    feed = feeds.get(by=request.staff, pk=pk)
    feeds.resume(feed=feed, by=request.staff, at=request.at)
    return _done(request, _("“%(title)s” is read again.") % {"title": feed})


@require_POST
@http.page(files.MANAGE)
def fetch_soon(request: http.Request, pk: int) -> HttpResponse:
    feed = feeds.get(by=request.staff, pk=pk)
    feeds.fetch_soon(feed=feed, by=request.staff, at=request.at)
    return _done(request, _("“%(title)s” is read within seconds.") % {"title": feed})


@require_POST
@http.page(files.MANAGE)
def remove(request: http.Request, pk: int) -> HttpResponse:
    feed = feeds.get(by=request.staff, pk=pk)
    feeds.remove(feed=feed, by=request.staff, at=request.at)
    return _done(
        request, _("“%(title)s” is removed. Its ideas stay.") % {"title": feed}
    )
