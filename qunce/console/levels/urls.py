"""URLs of levels, badges and memberships."""

from __future__ import annotations

from django.urls import path

from qunce.console.levels import actions, badge_views, member_views, plan_views, views

app_name = "levels"
urlpatterns = [
    path("", views.overview, name="list"),
    path("define/", views.define, name="define"),
    path("start/", actions.start, name="start"),
    path("stop/", actions.stop, name="stop"),
    path("badges/", badge_views.badge_list, name="badge-list"),
    path("badges/new/", badge_views.badge_create, name="badge-create"),
    path("badges/<int:pk>/", badge_views.badge_detail, name="badge"),
    path("badges/<int:pk>/edit/", badge_views.badge_update, name="badge-update"),
    path("badges/<int:pk>/start/", actions.start_badge, name="badge-start"),
    path("badges/<int:pk>/stop/", actions.stop_badge, name="badge-stop"),
    path("badges/<int:pk>/archive/", actions.archive_badge, name="badge-archive"),
    path("memberships/", plan_views.plan_list, name="plan-list"),
    path("memberships/new/", plan_views.plan_create, name="plan-create"),
    path("memberships/<int:pk>/edit/", plan_views.plan_update, name="plan-update"),
    path("memberships/<int:pk>/archive/", actions.archive_plan, name="plan-archive"),
    path("members/<int:pk>/", member_views.member, name="member"),
    path("members/<int:pk>/badge/", member_views.award_badge, name="award-badge"),
    path(
        "members/<int:pk>/badge/<int:badge>/revoke/",
        member_views.revoke_badge,
        name="revoke-badge",
    ),
    path("members/<int:pk>/membership/", member_views.enter_term, name="enter-term"),
    path("terms/<int:pk>/cancel/", member_views.cancel_term, name="cancel-term"),
]
