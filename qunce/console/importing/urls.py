from __future__ import annotations

from django.urls import path

from qunce.console.importing import choosing, listing, uploading, watching

app_name = "importing"
urlpatterns = [
    path("", listing.listed, name="list"),
    path("new/", uploading.new, name="new"),
    path("example/<slug:target>/", uploading.example, name="example"),
    path("files/<int:pk>/", choosing.page, name="file"),
    path("files/<int:pk>/table/", choosing.table, name="table"),
    path("files/<int:pk>/start/", choosing.start, name="start"),
    path("files/<int:pk>/removal/", choosing.discard, name="discard"),
    path("<int:pk>/", watching.page, name="job"),
    path("<int:pk>/problems/", watching.problems, name="problems"),
    path("<int:pk>/cancel/", watching.cancel, name="cancel"),
    path("<int:pk>/resume/", watching.resume, name="resume"),
    path("<int:pk>/good/", watching.good, name="good"),
]
