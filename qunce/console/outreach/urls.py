from __future__ import annotations

from django.urls import path

from qunce.console.outreach import (
    actions,
    approval_views,
    hand_over_views,
    opt_out_views,
    recipient_views,
    task_views,
    views,
)

app_name = "outreach"
urlpatterns = [
    path("", views.campaign_list, name="campaign-list"),
    path("new/", views.campaign_create, name="campaign-create"),
    path("preview/", views.campaign_preview, name="campaign-preview"),
    path("<int:pk>/", views.campaign_detail, name="campaign-detail"),
    path("<int:pk>/edit/", views.campaign_update, name="campaign-update"),
    path("<int:pk>/review/", views.campaign_review, name="campaign-review"),
    path("<int:pk>/start/", actions.start_campaign, name="campaign-start"),
    path("<int:pk>/schedule/", actions.schedule_campaign, name="campaign-schedule"),
    path(
        "<int:pk>/unschedule/", actions.unschedule_campaign, name="campaign-unschedule"
    ),
    path("<int:pk>/submit/", approval_views.submit, name="campaign-submit"),
    path("<int:pk>/withdraw/", approval_views.withdraw, name="campaign-withdraw"),
    path("<int:pk>/approve/", approval_views.approve, name="campaign-approve"),
    path("<int:pk>/reject/", approval_views.reject, name="campaign-reject"),
    path("<int:pk>/test/", approval_views.test_send, name="campaign-test"),
    path("<int:pk>/pause/", actions.pause_campaign, name="campaign-pause"),
    path("<int:pk>/resume/", actions.resume_campaign, name="campaign-resume"),
    path("<int:pk>/cancel/", actions.cancel_campaign, name="campaign-cancel"),
    path("<int:pk>/copy/", actions.duplicate_campaign, name="campaign-copy"),
    path("<int:pk>/recipients/", recipient_views.recipient_list, name="recipient-list"),
    path(
        "<int:pk>/recipients.csv",
        recipient_views.export_recipients,
        name="recipient-export",
    ),
    path("tasks/<int:pk>/", task_views.task_detail, name="task-detail"),
    path("tasks/<int:pk>/next/", task_views.open_next, name="task-open-next"),
    path("tasks/<int:pk>/hand-over/", hand_over_views.hand_over, name="task-hand-over"),
    path(
        "tasks/<int:pk>/<int:target>/mark-sent/",
        task_views.mark_sent,
        name="recipient-mark-sent",
    ),
    path(
        "tasks/<int:pk>/<int:target>/failure/",
        task_views.mark_failed,
        name="recipient-fail",
    ),
    path("tasks/<int:pk>/<int:target>/undo/", task_views.undo, name="recipient-undo"),
    path("opt-outs/", opt_out_views.opt_out_list, name="opt-out-list"),
    path("opt-outs/add/", opt_out_views.add_opt_out, name="opt-out-add"),
    path(
        "opt-outs/<int:account>/undo/", opt_out_views.undo_opt_out, name="opt-out-undo"
    ),
]
