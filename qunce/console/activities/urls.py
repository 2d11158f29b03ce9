"""URLs of activities."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.kinds import check_in
from qunce.console.activities import (
    actions,
    check_in_views,
    entry_views,
    kind_pages,
    views,
)
from qunce.console.activities.kind_pages import KindPage

app_name = "activities"
kind_pages.register(
    KindPage(
        kind=check_in.KEY,
        label=_("Check-ins by day"),
        icon="calendar-days",
        url_name="activities:check-ins",
    )
)
urlpatterns = [
    path("", views.activity_list, name="list"),
    path("new/", views.choose_kind, name="choose-kind"),
    path("count/", views.count_rules, name="count-rules"),
    path("new/<str:kind>/", views.activity_create, name="create"),
    path("<int:pk>/", views.activity_detail, name="detail"),
    path("<int:pk>/edit/", views.activity_update, name="update"),
    path("<int:pk>/live/", views.live, name="live"),
    path("<int:pk>/results/", views.results_page, name="results"),
    path("<int:pk>/entries/", entry_views.entry_list, name="entries"),
    path("<int:pk>/entries/add/", entry_views.enter, name="enter"),
    path(
        "<int:pk>/entries/<int:entry>/strike-out/",
        entry_views.strike_out,
        name="strike-out",
    ),
    path("<int:pk>/entries/<int:entry>/restore/", entry_views.restore, name="restore"),
    path("<int:pk>/paste/", entry_views.paste, name="paste"),
    path("<int:pk>/lines/<int:line>/", entry_views.answer_line, name="answer-line"),
    path("<int:pk>/check-ins/", check_in_views.check_in_list, name="check-ins"),
    path(
        "<int:pk>/check-ins/<int:check_in>/strike-out/",
        check_in_views.strike_out,
        name="check-in-strike-out",
    ),
    path(
        "<int:pk>/check-ins/<int:check_in>/restore/",
        check_in_views.restore,
        name="check-in-restore",
    ),
    path("<int:pk>/remind/", check_in_views.remind, name="remind"),
    path("<int:pk>/cards/", check_in_views.give_card, name="give-card"),
    path(
        "<int:pk>/cards/<int:card>/give-back/",
        check_in_views.give_back_card,
        name="give-back-card",
    ),
    path("<int:pk>/submit/", actions.submit, name="submit"),
    path("<int:pk>/approve/", actions.approve, name="approve"),
    path("<int:pk>/reject/", actions.reject, name="reject"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/close/", actions.close, name="close"),
    path("<int:pk>/settle/", actions.settle, name="settle"),
    path("<int:pk>/review/", actions.review, name="review"),
    path("<int:pk>/cancel/", actions.cancel, name="cancel"),
    path("<int:pk>/keep/", actions.keep, name="keep"),
    path("<int:pk>/rehearse/", actions.rehearse, name="rehearse"),
    path("<int:pk>/notify/", actions.notify, name="notify"),
    path(
        "<int:pk>/announcements/<int:announcement>/",
        actions.announce,
        name="announce",
    ),
    path(
        "<int:pk>/announcements/<int:announcement>/again/",
        actions.announce_again,
        name="announce-again",
    ),
    path("<int:pk>/stock/", actions.add_stock, name="add-stock"),
]
