from __future__ import annotations

from django.urls import path

from qunce.console.importing import job_views, list_views, mapping_views, upload_views

app_name = "importing"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", upload_views.new, name="create"),
    path("example/<slug:target>/", upload_views.example, name="example"),
    path("files/<int:pk>/", mapping_views.page, name="file-detail"),
    path("files/<int:pk>/preview/", mapping_views.table, name="file-preview"),
    path("files/<int:pk>/import/", mapping_views.start, name="file-import"),
    path("files/<int:pk>/delete/", mapping_views.discard, name="file-delete"),
    path("<int:pk>/", job_views.page, name="job-detail"),
    path("<int:pk>/problems/", job_views.problems, name="job-problems"),
    path("<int:pk>/cancel/", job_views.cancel, name="job-cancel"),
    path("<int:pk>/resume/", job_views.resume, name="job-resume"),
    path("<int:pk>/retry-valid-rows/", job_views.good, name="job-retry-valid-rows"),
]
