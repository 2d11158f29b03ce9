from __future__ import annotations

from django.urls import path

from qunce.console.members import (
    actions,
    attribute_views,
    batch_actions,
    list_views,
    merge_views,
    profile_views,
    views,
)

app_name = "members"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", profile_views.new, name="create"),
    path("find/", merge_views.find, name="find"),
    path("tag/", batch_actions.tag, name="tag-many"),
    path("tag-jobs/<int:pk>/", batch_actions.job, name="tag-job"),
    path("tag-batches/<int:batch>/undo/", batch_actions.undo, name="tag-undo"),
    path("export/", batch_actions.export, name="export"),
    path("attributes/", attribute_views.attributes_list, name="attribute-list"),
    path("attributes/new/", attribute_views.attribute_new, name="attribute-create"),
    path("attributes/<int:pk>/", attribute_views.attribute, name="attribute-detail"),
    path("remark-names/", attribute_views.pattern, name="remark-names"),
    path("notes/<int:note>/complete/", actions.finish_note, name="note-complete"),
    path("notes/<int:note>/reopen/", actions.reopen_note, name="note-reopen"),
    path("merges/<int:join>/undo/", merge_views.part, name="merge-undo"),
    path("accounts/<int:pk>/depart/", actions.leave, name="depart"),
    path("accounts/<int:pk>/rejoin/", actions.rejoin, name="rejoin"),
    path("<int:pk>/", views.show, name="detail"),
    path("<int:pk>/peek/", views.peek, name="peek"),
    path("<int:pk>/timeline/", views.timeline, name="timeline"),
    path("<int:pk>/segments/", views.fits, name="segments"),
    path("<int:pk>/profile/", profile_views.profile, name="update"),
    path("<int:pk>/tags/", actions.put_tag, name="tag-add"),
    path("<int:pk>/tags/<int:tag>/remove/", actions.take_tag, name="tag-remove"),
    path("<int:pk>/notes/", actions.write_note, name="note-create"),
    path("<int:pk>/identifiers/", actions.identify, name="identifier-add"),
    path("<int:pk>/opt-out/", actions.opt_out, name="opt-out"),
    path("<int:pk>/opt-in/", actions.opt_in, name="opt-in"),
    path("<int:pk>/merge/", merge_views.merge, name="merge"),
    path("<int:pk>/erase/", merge_views.erase, name="erase"),
]
