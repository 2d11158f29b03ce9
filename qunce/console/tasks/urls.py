from __future__ import annotations

from django.urls import path

from qunce.console.tasks import list_views, request_views, task_views

# Beside the tasks of campaigns, which have their numbers below tasks/.
app_name = "tasks"
urlpatterns = [
    path("tasks/", list_views.task_list, name="task-list"),
    path("requests/", request_views.request_list, name="request-list"),
    path("requests/new/", request_views.request_create, name="request-create"),
    path("requests/<int:pk>/", request_views.request_detail, name="request-detail"),
    path(
        "requests/<int:pk>/cancel/",
        request_views.cancel_request,
        name="request-cancel",
    ),
    path("tasks/other/<int:pk>/", task_views.task_detail, name="task-detail"),
    path("tasks/other/<int:pk>/finish/", task_views.finish, name="task-finish"),
    path("tasks/other/<int:pk>/proof/", task_views.proof, name="task-proof"),
    path(
        "tasks/other/<int:pk>/hand-over/", task_views.hand_over, name="task-hand-over"
    ),
    path(
        "tasks/other/<int:pk>/<int:account>/outcome/",
        task_views.record,
        name="outcome-record",
    ),
    path(
        "tasks/other/<int:pk>/<int:account>/undo/", task_views.undo, name="outcome-undo"
    ),
]
