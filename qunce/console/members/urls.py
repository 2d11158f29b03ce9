from __future__ import annotations

from django.urls import path

from qunce.console.members import (
    actions,
    attribute_views,
    consent_views,
    field_views,
    identifier_views,
    list_views,
    merge_views,
    views,
)

app_name = "members"
urlpatterns = [
    path("", views.member_list, name="list"),
    path("new/", views.member_create, name="create"),
    path("find/", merge_views.find_members, name="find"),
    path("tag-jobs/<int:pk>/", views.tag_job, name="tag-job"),
    path("tag-batches/<int:batch>/undo/", actions.undo_tag_batch, name="tag-undo"),
    path("export/", actions.export_members, name="export"),
    path("layout/", list_views.set_layout, name="layout"),
    path("staff/", list_views.assign_staff, name="staff"),
    path("staff/<int:pk>/undo/", list_views.undo_hand_over, name="staff-undo"),
    path("views/", list_views.save_view, name="view-save"),
    path("views/<int:pk>/delete/", list_views.delete_view, name="view-delete"),
    path("attributes/", attribute_views.attribute_list, name="attribute-list"),
    path("attributes/new/", attribute_views.attribute_create, name="attribute-create"),
    path(
        "attributes/<int:pk>/",
        attribute_views.attribute_detail,
        name="attribute-detail",
    ),
    path(
        "attributes/<int:pk>/type/",
        attribute_views.attribute_type,
        name="attribute-type",
    ),
    path(
        "attributes/type-changes/<int:pk>/",
        attribute_views.type_change,
        name="type-change",
    ),
    path("remark-names/", attribute_views.remark_pattern, name="remark-names"),
    path("notes/<int:note>/complete/", actions.complete_note, name="note-complete"),
    path("notes/<int:note>/reopen/", actions.reopen_note, name="note-reopen"),
    path("merges/<int:merge>/undo/", actions.undo_merge, name="merge-undo"),
    path(
        "identifiers/<int:pk>/",
        identifier_views.correct_identifier,
        name="identifier-correct",
    ),
    path("accounts/<int:pk>/depart/", actions.depart, name="depart"),
    path("accounts/<int:pk>/rejoin/", actions.rejoin, name="rejoin"),
    path("<int:pk>/", views.member_detail, name="detail"),
    path("<int:pk>/peek/", views.member_peek, name="peek"),
    path("<int:pk>/timeline/", views.timeline_page, name="timeline"),
    path("<int:pk>/segments/", views.matching_segments, name="segments"),
    path("<int:pk>/profile/", views.member_update, name="update"),
    path("<int:pk>/fields/<str:key>/", field_views.edit_field, name="field"),
    path("<int:pk>/notes/", actions.create_note, name="note-create"),
    path("<int:pk>/identifiers/", actions.add_identifier, name="identifier-add"),
    path("<int:pk>/consents/", consent_views.record_consent, name="consent"),
    path("<int:pk>/opt-out/", actions.opt_out, name="opt-out"),
    path("<int:pk>/opt-in/", actions.opt_in, name="opt-in"),
    path("<int:pk>/merge/", merge_views.merge_members, name="merge"),
    path("<int:pk>/data/", merge_views.export_person, name="data"),
    path("<int:pk>/erase/", merge_views.erase_member, name="erase"),
]
