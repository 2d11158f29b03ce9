from __future__ import annotations

from django.urls import path

from qunce.console.tags import actions, tag_group_views, tagging_views, views

app_name = "tags"
urlpatterns = [
    path("", views.tag_list, name="list"),
    path("new/", views.tag_create, name="create"),
    path("similar/", views.similar_tags, name="similar"),
    path("suggestions/", tagging_views.suggest_tags, name="suggest"),
    path("people/", tagging_views.tag_people, name="people"),
    path("templates/", views.template_list, name="template-list"),
    path("templates/<slug:name>/", actions.apply_template, name="template-apply"),
    path("report/", views.report, name="report"),
    path("batches/", views.batch_list, name="batch-list"),
    path("batches/<int:pk>/undo/", actions.undo_batch, name="batch-undo"),
    path("groups/", tag_group_views.group_list, name="group-list"),
    path("groups/new/", tag_group_views.group_create, name="group-create"),
    path("groups/<int:pk>/", tag_group_views.group_update, name="group-update"),
    path("<int:pk>/", views.tag_detail, name="detail"),
    path("<int:pk>/edit/", views.tag_update, name="update"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/synonyms/", actions.add_synonym, name="synonym-add"),
    path(
        "<int:pk>/synonyms/<int:synonym>/remove/",
        actions.remove_synonym,
        name="synonym-remove",
    ),
    path("<int:pk>/merge/", views.tag_merge, name="merge"),
    path(
        "<int:pk>/dismiss-duplicate/<int:other>/",
        actions.dismiss_duplicate,
        name="dismiss-duplicate",
    ),
]
