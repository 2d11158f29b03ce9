from __future__ import annotations

from django.urls import path

from qunce.console.moderation import (
    actions,
    case_views,
    mass_views,
    rule_views,
    settings_views,
)

app_name = "moderation"
urlpatterns = [
    path("", case_views.queue, name="queue"),
    path("cases/", case_views.case_list, name="case-list"),
    path("cases/<int:number>/", case_views.case_detail, name="case"),
    path("cases/<int:number>/confirm/", actions.confirm, name="confirm"),
    path("cases/<int:number>/dismiss/", actions.dismiss, name="dismiss"),
    path("cases/<int:number>/reopen/", actions.reopen, name="reopen"),
    path("cases/<int:number>/undo/", actions.undo, name="undo"),
    path("cases/<int:number>/remove/", actions.remove, name="remove"),
    path("paste/", case_views.paste, name="paste"),
    path("appeals/", case_views.appeal_list, name="appeal-list"),
    path("appeals/<int:pk>/answer/", actions.answer, name="answer"),
    path("mass/", mass_views.mass_list, name="mass-list"),
    path("mass/<int:pk>/approve/", mass_views.approve, name="approve"),
    path("mass/<int:pk>/refuse/", mass_views.refuse, name="refuse"),
    path("rules/", rule_views.rule_list, name="rule-list"),
    path("rules/new/", rule_views.rule_create, name="rule-create"),
    path("rules/<int:pk>/", rule_views.rule_detail, name="rule"),
    path("rules/<int:pk>/edit/", rule_views.rule_update, name="rule-update"),
    path("rules/<int:pk>/try/", rule_views.shadow_run, name="shadow-run"),
    path("rules/<int:pk>/mode/", rule_views.set_mode, name="mode"),
    path("rules/<int:pk>/archive/", rule_views.archive, name="rule-archive"),
    path("rules/<int:pk>/undo/", mass_views.undo_run, name="undo-run"),
    path("settings/", settings_views.settings, name="settings"),
    path("settings/groups/<int:pk>/", settings_views.group_mode, name="group-mode"),
    path("settings/groups/<int:pk>/close/", settings_views.close, name="close"),
    path("settings/groups/<int:pk>/open/", settings_views.open_door, name="open"),
    path("settings/stops/<int:pk>/end/", settings_views.end_stop, name="end-stop"),
    path("settings/ladders/new/", settings_views.ladder_create, name="ladder-create"),
    path("settings/ladders/<int:pk>/", settings_views.ladder_update, name="ladder"),
]
