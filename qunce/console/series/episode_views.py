"""Forms and actions of episodes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.series import presenters
from qunce.console.series.forms import EpisodeForm
from qunce.core import errors, timestamps
from qunce.outreach.series import episodes
from qunce.outreach.series import series as store
from qunce.outreach.series.models import Episode, Series


@require_http_methods(["GET", "POST"])
@http.page(store.MANAGE)
def add(request: http.Request, pk: int) -> HttpResponse:
    series = store.get(by=request.staff, pk=pk)
    store.check_may_manage(series, request.staff)
    return _edit(request, series, None)


@require_http_methods(["GET", "POST"])
@http.page(store.MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    episode = episodes.get(by=request.staff, pk=pk)
    store.check_may_manage(episode.series, request.staff)
    return _edit(request, episode.series, episode)


def _edit(
    request: http.Request, series: Series, episode: Episode | None
) -> HttpResponse:
    form = EpisodeForm(
        request.POST if request.method == "POST" else None,
        slots=presenters.slot_choices(series),
        places=presenters.places(series, request),
        episode=episode,
        place=_place_of(episode) or request.GET.get("at", ""),
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _save(request, series, episode, _arguments(form.cleaned_data))
            except errors.QunceError as error:
                form.add_error(None, str(error))
            else:
                url = reverse("series:detail", args=[series.pk])
                if "another" in request.POST:
                    url = reverse("series:episode-add", args=[series.pk])
                http.flash(request, _("Saved."))
                return http.redirect_back(request, url)
    context = {
        "form": form,
        "series": series,
        "episode": episode,
        "picker": picker_views.build(request, form["materials"].value() or []),
    }
    return http.render(request, "console/series/episode.html", context, status=status)


def _place_of(episode: Episode | None) -> str:
    if episode is None:
        return ""
    if episode.slot_at is not None:
        return str(timestamps.to_micros(episode.slot_at))
    return episode.slot


def _arguments(values: dict[str, Any]) -> dict[str, Any]:
    place = values.pop("place")
    is_moment = place.isdigit()
    return {
        **values,
        "slot": "" if is_moment else place,
        "slot_at": timestamps.from_micros(int(place)) if is_moment else None,
    }


def _save(
    request: http.Request,
    series: Series,
    episode: Episode | None,
    fields: dict[str, Any],
) -> None:
    if episode is None:
        episodes.add(series=series, by=request.staff, at=request.at, **fields)
    else:
        episodes.update(episode=episode, by=request.staff, at=request.at, **fields)


@require_POST
@http.page(store.MANAGE)
def move(request: http.Request, pk: int) -> HttpResponse:
    episode = episodes.get(by=request.staff, pk=pk)
    earlier = request.POST.get("to") == "earlier"
    episodes.move(episode=episode, earlier=earlier, by=request.staff, at=request.at)
    url = reverse("series:detail", args=[episode.series_id])
    return http.redirect_back(request, f"{url}#episodes")


@require_POST
@http.page(store.MANAGE)
def delete(request: http.Request, pk: int) -> HttpResponse:
    episode = episodes.get(by=request.staff, pk=pk)
    episodes.delete(episode=episode, by=request.staff, at=request.at)
    http.flash(request, _("The episode is deleted."))
    url = reverse("series:detail", args=[episode.series_id])
    return http.redirect_back(request, url)
