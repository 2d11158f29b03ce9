from __future__ import annotations

from django.urls import path

from qunce.console.settings import (
    account_views,
    actions,
    api_key_views,
    audit_views,
    community_views,
    entry_link_views,
    exchange_rate_views,
    identity_views,
    job_views,
    linked_account_views,
    role_views,
    staff_views,
    two_factor_views,
    unit_views,
)

app_name = "settings"
urlpatterns = [
    path("", account_views.account, name="account"),
    path("password/", account_views.change_password, name="password"),
    path("sessions/end/", actions.end_session, name="session-end"),
    path(
        "sessions/end-others/",
        actions.end_other_sessions,
        name="session-end-others",
    ),
    path("linked/new/", linked_account_views.link, name="account-link"),
    path("linked/<int:pk>/end/", linked_account_views.unlink, name="account-unlink"),
    path("two-factor/", two_factor_views.enable, name="two-factor-enable"),
    path(
        "two-factor/recovery-codes/",
        two_factor_views.renew_recovery_codes,
        name="recovery-codes",
    ),
    path("two-factor/off/", two_factor_views.disable, name="two-factor-disable"),
    path("staff/", staff_views.staff_list, name="staff-list"),
    path("staff/new/", staff_views.staff_create, name="staff-create"),
    path(
        "staff/two-factor/",
        actions.require_two_factor,
        name="staff-require-two-factor",
    ),
    path("staff/<int:pk>/", staff_views.staff_detail, name="staff-detail"),
    path("staff/<int:pk>/password/", actions.reset_password, name="staff-password"),
    path(
        "staff/<int:pk>/two-factor/",
        actions.remove_two_factor,
        name="staff-remove-two-factor",
    ),
    path(
        "staff/<int:pk>/provider/",
        actions.unlink_provider,
        name="staff-unlink-provider",
    ),
    path(
        "staff/<int:pk>/sessions/",
        actions.end_sessions,
        name="staff-end-sessions",
    ),
    path("staff/<int:pk>/unlock/", actions.unlock, name="staff-unlock"),
    path("staff/<int:pk>/deactivate/", actions.deactivate, name="staff-deactivate"),
    path("staff/<int:pk>/reactivate/", actions.reactivate, name="staff-reactivate"),
    path("community/", community_views.community, name="community"),
    path("units/", unit_views.unit_list, name="unit-list"),
    path("units/new/", unit_views.unit_create, name="unit-create"),
    path("units/<int:pk>/", unit_views.unit_update, name="unit-update"),
    path("units/<int:pk>/close/", actions.close_unit, name="unit-close"),
    path("units/<int:pk>/reopen/", actions.reopen_unit, name="unit-reopen"),
    path("roles/", role_views.role_list, name="role-list"),
    path("roles/new/", role_views.role_create, name="role-create"),
    path("roles/<int:pk>/", role_views.role_update, name="role-update"),
    path("roles/<int:pk>/delete/", role_views.role_delete, name="role-delete"),
    path("identity/", identity_views.identity, name="identity"),
    path("identity/update/", identity_views.update_identity, name="identity-update"),
    path(
        "identity/placeholders/", identity_views.add_placeholder, name="placeholder-add"
    ),
    path(
        "identity/placeholders/<int:pk>/delete/",
        identity_views.delete_placeholder,
        name="placeholder-delete",
    ),
    path(
        "identity/shared/<int:pk>/unmark/",
        identity_views.unmark_shared,
        name="shared-unmark",
    ),
    path(
        "identity/suppression/lift/",
        identity_views.lift_suppression,
        name="suppression-lift",
    ),
    path("api-keys/", api_key_views.api_key_list, name="api-key-list"),
    path("api-keys/new/", api_key_views.api_key_create, name="api-key-create"),
    path(
        "api-keys/<int:pk>/revoke/",
        actions.revoke_api_key,
        name="api-key-revoke",
    ),
    path("entry-links/", entry_link_views.entry_link_list, name="entry-link-list"),
    path(
        "entry-links/<int:pk>/",
        entry_link_views.entry_link_detail,
        name="entry-link-detail",
    ),
    path(
        "entry-links/<int:pk>/revoke/",
        entry_link_views.revoke_entry_link,
        name="entry-link-revoke",
    ),
    path("exchange-rates/", exchange_rate_views.rate_list, name="rate-list"),
    path("exchange-rates/set/", exchange_rate_views.set_rate, name="rate-set"),
    path(
        "exchange-rates/<str:currency>/<str:since>/remove/",
        exchange_rate_views.remove_rate,
        name="rate-remove",
    ),
    path("jobs/", job_views.job_list, name="job-list"),
    path("jobs/<int:pk>/retry/", job_views.retry, name="job-retry"),
    path("jobs/events/<int:pk>/retry/", job_views.retry_event, name="event-retry"),
    path("audit-log/", audit_views.audit_log, name="audit-log"),
]
