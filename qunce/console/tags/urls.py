from __future__ import annotations

from django.urls import path

from qunce.console.tags import (
    batches,
    grouping,
    listing,
    making,
    merging,
    showing,
    starting,
    tidying,
)

app_name = "tags"
urlpatterns = [
    path("", listing.listed, name="list"),
    path("new/", making.new, name="new"),
    path("near/", making.near, name="near"),
    path("templates/", starting.templates, name="templates"),
    path("templates/<slug:name>/", starting.apply, name="template"),
    path("report/", tidying.report, name="report"),
    path("batches/", batches.listed, name="batches"),
    path("batches/<int:pk>/undo/", batches.undo, name="undo"),
    path("groups/", grouping.listed, name="groups"),
    path("groups/new/", grouping.new, name="group-new"),
    path("groups/<int:pk>/", grouping.edit, name="group"),
    path("<int:pk>/", showing.page, name="page"),
    path("<int:pk>/edit/", showing.edit, name="edit"),
    path("<int:pk>/archive/", showing.archive, name="archive"),
    path("<int:pk>/restore/", showing.restore, name="restore"),
    path("<int:pk>/synonyms/", showing.add_synonym, name="synonyms"),
    path(
        "<int:pk>/synonyms/<int:synonym>/removal/",
        showing.remove_synonym,
        name="synonym-removal",
    ),
    path("<int:pk>/merge/", merging.merge, name="merge"),
    path("<int:pk>/apart/<int:other>/", tidying.keep_apart, name="apart"),
]
