"""URLs of the inbox and of automatic replies."""

from __future__ import annotations

from django.urls import path

from qunce.console.inbox import actions, rule_views, views

app_name = "inbox"
urlpatterns = [
    path("", views.conversation_list, name="list"),
    path("settings/", views.settings, name="settings"),
    path("<int:pk>/", views.conversation_detail, name="detail"),
    path("<int:pk>/answer/", actions.answer, name="answer"),
    path("<int:pk>/answered/", actions.mark_elsewhere, name="mark-elsewhere"),
    path("<int:pk>/close/", actions.close, name="close"),
    path("<int:pk>/reopen/", actions.reopen, name="reopen"),
    path("<int:pk>/assign/", actions.assign, name="assign"),
    path("answers/<int:pk>/undo/", actions.undo, name="undo"),
    path("automatic/", rule_views.rule_list, name="rule-list"),
    path("automatic/new/", rule_views.rule_create, name="rule-create"),
    path("automatic/<int:pk>/", rule_views.rule_update, name="rule-update"),
    path("automatic/<int:pk>/on/", rule_views.switch_on, name="rule-on"),
    path("automatic/<int:pk>/off/", rule_views.switch_off, name="rule-off"),
    path("automatic/<int:pk>/archive/", rule_views.archive, name="rule-archive"),
    path("automatic/<int:pk>/<slug:way>/", rule_views.move, name="rule-move"),
]
