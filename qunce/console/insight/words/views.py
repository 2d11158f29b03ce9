"""Pages of words: what groups talk about, and the settings of words, brands and texts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.insight import chart_downloads
from qunce.console.insight.words.forms import RetentionForm, SettingsForm, WordsForm
from qunce.core import errors, permissions
from qunce.insight.words import topics, word_settings
from qunce.insight.words.topics import FALLING, RISING, Topics
from qunce.members.message_texts import message_texts

MAX_TRENDS, MAX_WORDS, MAX_EXPORTED = 12, 50, 5_000


@require_GET
@http.page(topics.VIEW)
def word_list(request: http.Request) -> HttpResponse:
    """Words by people, rising and falling ones, brands; as a file with `as`."""
    default = topics.default_span(request.community, request.at)
    form = WordsForm(request.GET, staff=request.staff, default=default)
    context: dict[str, Any] = {
        "form": form,
        "error": "",
        "may_edit": permissions.may(request.staff, word_settings.EDIT),
    }
    status = 200
    try:
        found = topics.compute(**form.span(), by=request.staff, at=request.at)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if "as" in request.GET:
            return chart_downloads.render_table(
                _rows(found), "words", request.GET["as"]
            )
        params = {name: str(form[name].value() or "") for name in form.fields}
        context |= {
            "topics": found,
            "trends": [
                (_("More people say"), found.of_trend(RISING, MAX_TRENDS), "good"),
                (_("Fewer people say"), found.of_trend(FALLING, MAX_TRENDS), "warn"),
            ],
            "is_unsure": min(found.speakers, found.speakers_before)
            < topics.MIN_SPEAKERS,
            "min_speakers": topics.MIN_SPEAKERS,
            "words": [word for word in found.words if word.people][:MAX_WORDS],
            "is_group": bool(form["group"].value()),
            "download": f"?{urlencode(params)}&as=",
        }
    return http.render(request, "console/insight/words.html", context, status=status)


def _rows(found: Topics) -> list[list[object]]:
    headings: list[object] = [
        _("Word"),
        _("People"),
        _("Times"),
        _("People before"),
        _("Times before"),
        _("Trend"),
    ]
    return [
        headings,
        *(
            [w.word, w.people, w.times, w.people_before, w.times_before, w.trend]
            for w in found.words[:MAX_EXPORTED]
        ),
    ]


@require_http_methods(["GET", "POST"])
@http.page(word_settings.EDIT)
def settings(request: http.Request) -> HttpResponse:
    """Edit stop words and brands, and for how long texts are kept."""
    stored = word_settings.get(request.community)
    may_retain = permissions.may(request.staff, message_texts.SET_RETENTION)
    days = message_texts.retention_of(request.community)
    form, retention = SettingsForm.of(stored), RetentionForm(initial={"days": days})
    if request.method == "POST" and "days" in request.POST:
        retention = RetentionForm(request.POST)
        if retention.is_valid() and _save(
            retention,
            lambda: message_texts.set_retention(
                community=request.community,
                days=retention.cleaned_data["days"],
                by=request.staff,
                at=request.at,
            ),
        ):
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("insight:word-settings"))
    elif request.method == "POST":
        form = SettingsForm(request.POST)
        if form.is_valid() and _save(
            form,
            lambda: word_settings.change(
                community=request.community,
                by=request.staff,
                at=request.at,
                stop_words=form.cleaned_data["stop_words"].split(),
                brands=word_settings.parse_brands(form.cleaned_data["brands"]),
            ),
        ):
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("insight:word-settings"))
    context = {"form": form, "retention": retention if may_retain else None}
    status = 422 if form.errors or retention.errors else 200
    return http.render(
        request, "console/insight/word_settings.html", context, status=status
    )


def _save(form: Any, save: Any) -> bool:
    """Call a verb; what it refuses becomes an error of the form."""
    try:
        save()
    except errors.QunceError as error:
        form.add_error(None, str(error))
        return False
    return True
