"""The audit log, newest entries first."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings import audit_names
from qunce.core import csv_safety, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit, facts
from qunce.core.staff import api_keys, staff
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.outreach import skip_reasons

SUBJECT_DETAILS = (
    "page name login role changed tag tags group segment frozen layering attribute campaign"
    " key file broken before after text address reason size count"
).split()
"""Details that name the subject of an entry, in the order in which they are shown."""
FIELD_LABELS: dict[str, StrOrPromise] = {
    "name": pgettext_lazy("person", "Name"),
    "login": gettext_lazy("Login"),
    "email": gettext_lazy("E-mail"),
    "role": gettext_lazy("Role"),
    "unit": gettext_lazy("Unit"),
    "scope": gettext_lazy("Visible members"),
    "groups": gettext_lazy("Visible groups"),
}
ROW_ID_DETAILS = {"staff", "unit", "batch", "task", "job"}
"""Details that are IDs of rows, shown only when there is nothing else."""
NUMBERS = {"size", "count", "broken"}
DETAIL_LABELS: dict[str, StrOrPromise] = {
    "role": gettext_lazy("role"),
    "changed": gettext_lazy("changed fields"),
    "address": gettext_lazy("IP address"),
    "reason": gettext_lazy("reason"),
    "size": gettext_lazy("size"),
    "required": gettext_lazy("required"),
    "before": gettext_lazy("before"),
    "after": gettext_lazy("after"),
    "broken": gettext_lazy("broken rows"),
}


BOUNDS = (
    MinValueValidator(date(2000, 1, 1)),
    MaxValueValidator(date(2999, 12, 31)),
)


Pairs = tuple[tuple[str, str], ...]


class AuditFilterForm(forms.Form):
    actor = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    api_key = forms.ChoiceField(label=gettext_lazy("API key"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("What happened"), required=False)
    since = forms.DateField(
        label=gettext_lazy("Start date"),
        required=False,
        validators=BOUNDS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("End date"),
        required=False,
        validators=BOUNDS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def __init__(self, community: Community, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff_choices = [
            (staff_member.pk, staff_member.name)
            for staff_member in staff.list_all(community)
        ]
        kinds = sorted(
            (describe(kind), kind) for kind in audit.list_kinds(community).values()
        )
        self._choose("actor", [("", _("everybody")), *staff_choices])
        keys = api_keys.names_by_id(community)
        self._choose("api_key", [("", _("any or none")), *keys.items()])
        if not keys:
            del self.fields["api_key"]
        self._choose("kind", [("", _("everything")), *((k, w) for w, k in kinds)])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices


@dataclass(frozen=True)
class AuditRow:
    """One entry. `actor` is None for the system and for users not signed in.

    `subject` holds labels and values of what the entry is about, `details` all others.
    """

    at: datetime
    actor: Staff | None
    api_key: str
    label: str
    member: str
    url: str
    count: int
    subject: Pairs
    details: Pairs


def describe(kind: str) -> str:
    return audit.label_of(kind) or facts.label_of(kind)


@require_GET
@http.page(audit.VIEW)
def audit_log(request: Request) -> HttpResponse:
    audit.check_view(request.staff)
    form = AuditFilterForm(request.community, request.GET)
    if request.GET.get("as") == "csv" and form.is_valid():
        return _export(request, form)
    entries: list[audit.AuditEntry] = []
    if form.is_valid():
        entries = audit.list_entries(
            limit=audit.PAGE_SIZE + 1,
            before=form.cleaned_data["before"],
            **_filters(request, form),
        )
    page = entries[: audit.PAGE_SIZE]
    context = {
        "form": form,
        "rows": audit_rows(request.staff, page),
        "last": page[-1].pk if len(entries) > audit.PAGE_SIZE else None,
        "is_filtered": any(
            request.GET.get(name)
            for name in ("actor", "api_key", "kind", "since", "until")
        ),
    }
    status = 200 if form.is_valid() else 422
    return http.render(
        request,
        "console/settings/audit_log.html",
        context,
        part="console/settings/_audit_rows.html",
        status=status,
    )


def _filters(request: Request, form: AuditFilterForm) -> dict[str, Any]:
    """Return the arguments of `audit.list_entries` that the form chooses."""
    values = form.cleaned_data
    since, until = values["since"], values["until"]
    zone = ZoneInfo(request.community.timezone)
    return {
        "community": request.community,
        "actor": int(values["actor"]) if values["actor"] else None,
        "api_key": int(values["api_key"]) if values.get("api_key") else None,
        "kind": values["kind"],
        "since": _day_bounds(since, zone) if since else None,
        "until": _day_bounds(until + timedelta(days=1), zone) if until else None,
    }


EXPORTED = audit.declare("audit_log.exported", gettext_lazy("audit log exported"))
MAX_ROWS_EXPORTED = 100_000
EXPORT_BATCH = 2_000


def _export(request: Request, form: AuditFilterForm) -> HttpResponse:
    """Return the entries that match the filters as CSV, the newest first."""
    text = io.StringIO()
    headings = (_("When"), _("Who"), _("API key"), _("What happened"), _("Target"))
    csv_safety.write_rows(text, [[*headings, _("Count"), _("Details")]])
    filters, before, count = _filters(request, form), None, 0
    while count < MAX_ROWS_EXPORTED:
        entries = audit.list_entries(limit=EXPORT_BATCH, before=before, **filters)
        rows = audit_rows(request.staff, entries)
        csv_safety.write_rows(text, map(_export_row, rows))
        count += len(entries)
        if len(entries) < EXPORT_BATCH:
            break
        before = entries[-1].pk
    audit.log(
        kind=EXPORTED,
        community=request.community,
        by=request.staff,
        at=request.at,
        count=max(count, 1),
    )
    response = HttpResponse(f"\ufeff{text.getvalue()}")
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return response


def _export_row(row: AuditRow) -> list[str]:
    subject = [row.member, *(f"{name} {value}".strip() for name, value in row.subject)]
    return [
        timezone.localtime(row.at).isoformat(timespec="seconds"),
        row.actor.name if row.actor else "",
        row.api_key,
        row.label,
        " · ".join(part for part in subject if part),
        str(row.count),
        "; ".join(f"{name}={value}" for name, value in row.details),
    ]


def _day_bounds(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def audit_rows(by: Staff, entries: Iterable[audit.AuditEntry]) -> list[AuditRow]:
    community = by.community
    entries = list(entries)
    kinds = audit.list_kinds(community)
    actors = Staff.objects.in_bulk(
        {entry.actor_id for entry in entries if entry.actor_id}
    )
    keys = api_keys.names_by_id(community)
    groups = Group.objects.filter(community=community).in_bulk(
        {entry.group_id for entry in entries if entry.group_id}
    )
    group_pairs = {pk: (("", str(group)),) for pk, group in groups.items()}
    names = _member_names(
        by, {entry.account_id for entry in entries if entry.account_id}
    )
    keyed = audit_names.find(community, (entry.detail or {} for entry in entries))
    rows = []
    for entry in entries:
        detail = {
            k: v
            for k, v in audit_names.fill_in(entry.detail or {}, keyed).items()
            if v not in (None, "", [], 0)
        }
        account = entry.account_id or 0
        # Keys of orders and the like, and texts that staff have typed.
        subject, details = (
            tuple((name, masking.text(text, by)) for name, text in pairs)
            for pairs in split_detail(detail)
        )
        rows.append(
            AuditRow(
                at=entry.happened_at,
                actor=actors.get(entry.actor_id or 0),
                api_key=keys.get(entry.api_key_id or 0, ""),
                label=describe(kinds.get(entry.kind_id, "")),
                member=names.get(account, ""),
                url=reverse("members:detail", args=[account])
                if account in names
                else "",
                count=entry.count,
                subject=group_pairs.get(entry.group_id or 0, ()) + subject,
                details=details,
            )
        )
    return rows


def split_detail(detail: dict[str, Any]) -> tuple[Pairs, Pairs]:
    """Return the subject of an entry with labels, and all its details."""
    subject = tuple(
        (str(DETAIL_LABELS.get(name, "")), _format_detail(name, detail[name]))
        for name in SUBJECT_DETAILS
        if name in detail
        # Numbers of rows mean nothing to people.
        and name not in ROW_ID_DETAILS
        and (not isinstance(detail[name], int) or name in NUMBERS)
    )
    details = tuple(
        (name, _format_value(value)) for name, value in sorted(detail.items())
    )
    return subject, details


def _format_detail(name: str, value: Any) -> str:
    """Return a value with roles, reasons and field names translated, and lists joined."""
    text = _format_value(value)
    if name == "reason":
        return skip_reasons.label_of(text)
    if name == "role" and text in permissions.Role.values:
        return str(permissions.Role(text).label)
    if text.startswith("[") and text.endswith("]"):
        try:
            parts = json.loads(text)
        except ValueError:  # Long values are stored truncated.
            return text
        return " · ".join(str(FIELD_LABELS.get(str(part), part)) for part in parts)
    return text


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _member_names(by: Staff, accounts: set[int]) -> dict[int, str]:
    """Return ID → name of the accounts that are not erased."""
    rows = account_models.Account.objects.filter(
        community=by.community, pk__in=accounts, erased_at__isnull=True
    )
    return {
        pk: name or masking.key(key, by)
        for pk, name, key in rows.values_list("pk", "name", "key")
    }
