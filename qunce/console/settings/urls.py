from __future__ import annotations

from django.urls import path

from qunce.console.settings import (
    auditing,
    factorviews,
    keyviews,
    mine,
    roles,
    staffdeeds,
    staffviews,
    unitviews,
)

app_name = "settings"
urlpatterns = [
    path("", mine.page, name="mine"),
    path("password/", mine.password, name="password"),
    path("sessions/end/", mine.end_session, name="end-session"),
    path("sessions/end-others/", mine.end_others, name="end-others"),
    path("two-factor/", factorviews.turn_on, name="factor"),
    path("two-factor/codes/", factorviews.renew_codes, name="factor-codes"),
    path("two-factor/off/", factorviews.turn_off, name="factor-off"),
    path("staff/", staffviews.listed, name="staff"),
    path("staff/new/", staffviews.add, name="staff-new"),
    path("staff/two-factor/", staffdeeds.demand_factor, name="staff-factor-demand"),
    path("staff/<int:pk>/", staffviews.one, name="staff-one"),
    path("staff/<int:pk>/password/", staffdeeds.give_password, name="staff-password"),
    path("staff/<int:pk>/two-factor/", staffdeeds.drop_factor, name="staff-factor"),
    path("staff/<int:pk>/sessions/", staffdeeds.end_sessions, name="staff-sessions"),
    path("staff/<int:pk>/unlock/", staffdeeds.unlock, name="staff-unlock"),
    path("staff/<int:pk>/deactivate/", staffdeeds.deactivate, name="staff-deactivate"),
    path("staff/<int:pk>/reactivate/", staffdeeds.reactivate, name="staff-reactivate"),
    path("units/", unitviews.listed, name="units"),
    path("units/new/", unitviews.add, name="unit-new"),
    path("units/<int:pk>/", unitviews.one, name="unit"),
    path("units/<int:pk>/close/", unitviews.close, name="unit-close"),
    path("units/<int:pk>/reopen/", unitviews.reopen, name="unit-reopen"),
    path("roles/", roles.page, name="roles"),
    path("keys/", keyviews.listed, name="keys"),
    path("keys/new/", keyviews.add, name="key-new"),
    path("keys/<int:pk>/revoke/", keyviews.revoke, name="key-revoke"),
    path("audit/", auditing.page, name="audit"),
]
