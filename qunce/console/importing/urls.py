from __future__ import annotations

from django.urls import path

from qunce.console.importing import actions, views

app_name = "importing"
urlpatterns = [
    path("", views.import_list, name="list"),
    path("new/", views.upload, name="create"),
    path("paste/", views.paste, name="paste"),
    path("example/<slug:target>/", views.example_file, name="example"),
    path("files/<int:pk>/", views.file_detail, name="file-detail"),
    path("files/<int:pk>/preview/", views.file_preview, name="file-preview"),
    path("files/<int:pk>/import/", actions.start, name="file-import"),
    path("files/<int:pk>/delete/", actions.discard, name="file-delete"),
    path("<int:pk>/", views.job_detail, name="job-detail"),
    path("<int:pk>/problems/", views.job_problems, name="job-problems"),
    path("<int:pk>/cancel/", actions.cancel, name="job-cancel"),
    path("<int:pk>/undo/", actions.undo, name="job-undo"),
    path("<int:pk>/resume/", actions.resume, name="job-resume"),
    path(
        "<int:pk>/retry-valid-rows/",
        actions.retry_valid_rows,
        name="job-retry-valid-rows",
    ),
]
