from __future__ import annotations

from django.urls import path

from qunce.console.settings import (
    account_views,
    api_key_views,
    audit_views,
    role_views,
    staff_actions,
    staff_views,
    two_factor_views,
    unit_views,
)

app_name = "settings"
urlpatterns = [
    path("", account_views.page, name="mine"),
    path("password/", account_views.password, name="password"),
    path("sessions/end/", account_views.end_session, name="end-session"),
    path("sessions/end-others/", account_views.end_others, name="end-others"),
    path("two-factor/", two_factor_views.turn_on, name="factor"),
    path("two-factor/codes/", two_factor_views.renew_codes, name="factor-codes"),
    path("two-factor/off/", two_factor_views.turn_off, name="factor-off"),
    path("staff/", staff_views.listed, name="staff"),
    path("staff/new/", staff_views.add, name="staff-new"),
    path("staff/two-factor/", staff_actions.demand_factor, name="staff-factor-demand"),
    path("staff/<int:pk>/", staff_views.one, name="staff-one"),
    path(
        "staff/<int:pk>/password/", staff_actions.give_password, name="staff-password"
    ),
    path("staff/<int:pk>/two-factor/", staff_actions.drop_factor, name="staff-factor"),
    path("staff/<int:pk>/sessions/", staff_actions.end_sessions, name="staff-sessions"),
    path("staff/<int:pk>/unlock/", staff_actions.unlock, name="staff-unlock"),
    path(
        "staff/<int:pk>/deactivate/", staff_actions.deactivate, name="staff-deactivate"
    ),
    path(
        "staff/<int:pk>/reactivate/", staff_actions.reactivate, name="staff-reactivate"
    ),
    path("units/", unit_views.listed, name="units"),
    path("units/new/", unit_views.add, name="unit-new"),
    path("units/<int:pk>/", unit_views.one, name="unit"),
    path("units/<int:pk>/close/", unit_views.close, name="unit-close"),
    path("units/<int:pk>/reopen/", unit_views.reopen, name="unit-reopen"),
    path("roles/", role_views.page, name="roles"),
    path("keys/", api_key_views.listed, name="keys"),
    path("keys/new/", api_key_views.add, name="key-new"),
    path("keys/<int:pk>/revoke/", api_key_views.revoke, name="key-revoke"),
    path("audit/", audit_views.page, name="audit"),
]
