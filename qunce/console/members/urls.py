from __future__ import annotations

from django.urls import path

from qunce.console.members import (
    batches,
    deeds,
    editing,
    joining,
    listing,
    page,
    schema,
)

app_name = "members"
urlpatterns = [
    path("", listing.listed, name="list"),
    path("new/", editing.new, name="new"),
    path("find/", joining.find, name="find"),
    path("tagging/", batches.tag, name="tag_many"),
    path("tagging/<int:pk>/", batches.job, name="tag_job"),
    path("tagging/batch/<int:batch>/undo/", batches.undo, name="undo_tagging"),
    path("export/", batches.export, name="export"),
    path("attributes/", schema.attributes_list, name="attributes"),
    path("attributes/new/", schema.attribute_new, name="attribute_new"),
    path("attributes/<int:pk>/", schema.attribute, name="attribute"),
    path("remarks/", schema.pattern, name="remarks"),
    path("notes/<int:note>/done/", deeds.finish_note, name="finish_note"),
    path("notes/<int:note>/open/", deeds.reopen_note, name="reopen_note"),
    path("joins/<int:join>/part/", joining.part, name="part"),
    path("accounts/<int:pk>/leave/", deeds.leave, name="leave"),
    path("accounts/<int:pk>/rejoin/", deeds.rejoin, name="rejoin"),
    path("<int:pk>/", page.show, name="page"),
    path("<int:pk>/peek/", page.peek, name="peek"),
    path("<int:pk>/timeline/", page.timeline, name="timeline"),
    path("<int:pk>/segments/", page.fits, name="fits"),
    path("<int:pk>/profile/", editing.profile, name="profile"),
    path("<int:pk>/tags/", deeds.put_tag, name="put_tag"),
    path("<int:pk>/tags/<int:tag>/off/", deeds.take_tag, name="take_tag"),
    path("<int:pk>/notes/", deeds.write_note, name="write_note"),
    path("<int:pk>/identifiers/", deeds.identify, name="identify"),
    path("<int:pk>/opt-out/", deeds.opt_out, name="opt_out"),
    path("<int:pk>/opt-in/", deeds.opt_in, name="opt_in"),
    path("<int:pk>/merge/", joining.merge, name="merge"),
    path("<int:pk>/erase/", joining.erase, name="erase"),
]
