from __future__ import annotations

from django.urls import path

from qunce.console.importing import job_views, list_views, mapping_views, upload_views

app_name = "importing"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", upload_views.new, name="new"),
    path("example/<slug:target>/", upload_views.example, name="example"),
    path("files/<int:pk>/", mapping_views.page, name="file"),
    path("files/<int:pk>/table/", mapping_views.table, name="table"),
    path("files/<int:pk>/start/", mapping_views.start, name="start"),
    path("files/<int:pk>/removal/", mapping_views.discard, name="discard"),
    path("<int:pk>/", job_views.page, name="job"),
    path("<int:pk>/problems/", job_views.problems, name="problems"),
    path("<int:pk>/cancel/", job_views.cancel, name="cancel"),
    path("<int:pk>/resume/", job_views.resume, name="resume"),
    path("<int:pk>/good/", job_views.good, name="good"),
]
