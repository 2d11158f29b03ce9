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
    path("", account_views.page, name="account"),
    path("password/", account_views.password, name="password"),
    path("sessions/end/", account_views.end_session, name="session-end"),
    path("sessions/end-others/", account_views.end_others, name="session-end-others"),
    path("two-factor/", two_factor_views.turn_on, name="two-factor-enable"),
    path(
        "two-factor/recovery-codes/",
        two_factor_views.renew_codes,
        name="recovery-codes",
    ),
    path("two-factor/off/", two_factor_views.turn_off, name="two-factor-disable"),
    path("staff/", staff_views.listed, name="staff-list"),
    path("staff/new/", staff_views.add, name="staff-create"),
    path(
        "staff/two-factor/",
        staff_actions.demand_factor,
        name="staff-require-two-factor",
    ),
    path("staff/<int:pk>/", staff_views.one, name="staff-detail"),
    path(
        "staff/<int:pk>/password/", staff_actions.give_password, name="staff-password"
    ),
    path(
        "staff/<int:pk>/two-factor/",
        staff_actions.drop_factor,
        name="staff-remove-two-factor",
    ),
    path(
        "staff/<int:pk>/sessions/",
        staff_actions.end_sessions,
        name="staff-end-sessions",
    ),
    path("staff/<int:pk>/unlock/", staff_actions.unlock, name="staff-unlock"),
    path(
        "staff/<int:pk>/deactivate/", staff_actions.deactivate, name="staff-deactivate"
    ),
    path(
        "staff/<int:pk>/reactivate/", staff_actions.reactivate, name="staff-reactivate"
    ),
    path("units/", unit_views.listed, name="unit-list"),
    path("units/new/", unit_views.add, name="unit-create"),
    path("units/<int:pk>/", unit_views.one, name="unit-update"),
    path("units/<int:pk>/close/", unit_views.close, name="unit-close"),
    path("units/<int:pk>/reopen/", unit_views.reopen, name="unit-reopen"),
    path("roles/", role_views.page, name="role-list"),
    path("api-keys/", api_key_views.listed, name="api-key-list"),
    path("api-keys/new/", api_key_views.add, name="api-key-create"),
    path("api-keys/<int:pk>/revoke/", api_key_views.revoke, name="api-key-revoke"),
    path("audit-log/", audit_views.page, name="audit-log"),
]
