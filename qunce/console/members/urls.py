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
    path("new/", profile_views.new, name="new"),
    path("find/", merge_views.find, name="find"),
    path("tagging/", batch_actions.tag, name="tag_many"),
    path("tagging/<int:pk>/", batch_actions.job, name="tag_job"),
    path("tagging/batch/<int:batch>/undo/", batch_actions.undo, name="undo_tagging"),
    path("export/", batch_actions.export, name="export"),
    path("attributes/", attribute_views.attributes_list, name="attributes"),
    path("attributes/new/", attribute_views.attribute_new, name="attribute_new"),
    path("attributes/<int:pk>/", attribute_views.attribute, name="attribute"),
    path("remarks/", attribute_views.pattern, name="remarks"),
    path("notes/<int:note>/done/", actions.finish_note, name="finish_note"),
    path("notes/<int:note>/open/", actions.reopen_note, name="reopen_note"),
    path("joins/<int:join>/part/", merge_views.part, name="part"),
    path("accounts/<int:pk>/leave/", actions.leave, name="leave"),
    path("accounts/<int:pk>/rejoin/", actions.rejoin, name="rejoin"),
    path("<int:pk>/", views.show, name="page"),
    path("<int:pk>/peek/", views.peek, name="peek"),
    path("<int:pk>/timeline/", views.timeline, name="timeline"),
    path("<int:pk>/segments/", views.fits, name="fits"),
    path("<int:pk>/profile/", profile_views.profile, name="profile"),
    path("<int:pk>/tags/", actions.put_tag, name="put_tag"),
    path("<int:pk>/tags/<int:tag>/off/", actions.take_tag, name="take_tag"),
    path("<int:pk>/notes/", actions.write_note, name="write_note"),
    path("<int:pk>/identifiers/", actions.identify, name="identify"),
    path("<int:pk>/opt-out/", actions.opt_out, name="opt_out"),
    path("<int:pk>/opt-in/", actions.opt_in, name="opt_in"),
    path("<int:pk>/merge/", merge_views.merge, name="merge"),
    path("<int:pk>/erase/", merge_views.erase, name="erase"),
]
