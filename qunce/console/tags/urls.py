from __future__ import annotations

from django.urls import path

from qunce.console.tags import (
    batch_views,
    create_views,
    list_views,
    merge_views,
    report_views,
    tag_group_views,
    template_views,
    views,
)

app_name = "tags"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", create_views.new, name="new"),
    path("near/", create_views.near, name="near"),
    path("templates/", template_views.templates, name="templates"),
    path("templates/<slug:name>/", template_views.apply, name="template"),
    path("report/", report_views.report, name="report"),
    path("batches/", batch_views.listed, name="batches"),
    path("batches/<int:pk>/undo/", batch_views.undo, name="undo"),
    path("groups/", tag_group_views.listed, name="groups"),
    path("groups/new/", tag_group_views.new, name="group-new"),
    path("groups/<int:pk>/", tag_group_views.edit, name="group"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/archive/", views.archive, name="archive"),
    path("<int:pk>/restore/", views.restore, name="restore"),
    path("<int:pk>/synonyms/", views.add_synonym, name="synonyms"),
    path(
        "<int:pk>/synonyms/<int:synonym>/removal/",
        views.remove_synonym,
        name="synonym-removal",
    ),
    path("<int:pk>/merge/", merge_views.merge, name="merge"),
    path("<int:pk>/apart/<int:other>/", report_views.keep_apart, name="apart"),
]
