from __future__ import annotations

from django.urls import path

from qunce.console.tags import batch_views, actions, views as tag_views, report_views, tag_group_views, template_views, views

app_name = "tags"
urlpatterns = [
    path("", tag_views.tag_list, name="list"),
    path("new/", tag_views.tag_create, name="create"),
    path("similar/", tag_views.similar_tags, name="similar"),
    path("templates/", template_views.templates, name="template-list"),
    path("templates/<slug:name>/", template_views.apply, name="template-apply"),
    path("report/", report_views.report, name="report"),
    path("batches/", batch_views.batch_list, name="batch-list"),
    path("batches/<int:pk>/undo/", actions.undo_batch, name="batch-undo"),
    path("groups/", tag_group_views.listed, name="group-list"),
    path("groups/new/", tag_group_views.new, name="group-create"),
    path("groups/<int:pk>/", tag_group_views.edit, name="group-update"),
    path("<int:pk>/", views.page, name="detail"),
    path("<int:pk>/edit/", views.edit, name="update"),
    path("<int:pk>/archive/", views.archive, name="archive"),
    path("<int:pk>/restore/", views.restore, name="restore"),
    path("<int:pk>/synonyms/", views.add_synonym, name="synonym-add"),
    path(
        "<int:pk>/synonyms/<int:synonym>/remove/",
        views.remove_synonym,
        name="synonym-remove",
    ),
    path("<int:pk>/merge/", tag_views.tag_merge, name="merge"),
    path(
        "<int:pk>/dismiss-duplicate/<int:other>/",
        report_views.keep_apart,
        name="dismiss-duplicate",
    ),
]
