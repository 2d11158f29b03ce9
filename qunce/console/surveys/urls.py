"""URLs of surveys."""

from __future__ import annotations

from django.urls import path

from qunce.console.surveys import actions, views

app_name = "surveys"
urlpatterns = [
    path("", views.survey_list, name="list"),
    path("new/", views.survey_create, name="create"),
    path("decisions/", views.conflict_list, name="conflict-list"),
    path("decisions/<int:pk>/", actions.decide, name="decide"),
    path("<int:pk>/", views.survey_detail, name="detail"),
    path("<int:pk>/edit/", views.survey_update, name="update"),
    path("<int:pk>/preview/", views.survey_preview, name="preview"),
    path("<int:pk>/publish/", actions.publish, name="publish"),
    path("<int:pk>/close/", actions.close, name="close"),
    path("<int:pk>/reopen/", actions.reopen, name="reopen"),
    path("<int:pk>/again/", actions.ask_again, name="ask-again"),
    path("<int:pk>/ask-after/", actions.ask_after, name="ask-after"),
    path("<int:pk>/delete/", actions.delete, name="delete"),
    path("<int:pk>/answers/", views.answer_list, name="answer-list"),
    path("<int:pk>/answers/type/", views.answers_type, name="type"),
    path("<int:pk>/answers/paste/", views.answers_paste, name="paste"),
    path("<int:pk>/answers/export/<str:file_format>/", actions.export, name="export"),
    path("answers/<int:response>/", views.answer_detail, name="answer-detail"),
    path(
        "answers/<int:response>/delete/", actions.delete_answers, name="delete-answers"
    ),
    path(
        "answers/<int:response>/pictures/<str:picture>/",
        views.picture,
        name="picture",
    ),
]
