"""Labels of an import's columns, values, states and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import decimals, money
from qunce.core.communities import Community
from qunce.importing import target_registry
from qunce.importing.rows import parsing
from qunce.importing.target_registry import Target
from qunce.importing.targets.opt_outs import opt_out_columns
from qunce.members.attributes.attributes import Attribute

TYPE_LABELS: dict[str, StrOrPromise] = {
    "key": gettext_lazy("text"),
    "text": gettext_lazy("text"),
    "instant": gettext_lazy("date and time"),
    "date": gettext_lazy("date"),
    "amount": gettext_lazy("number"),
    "number": gettext_lazy("number"),
    "bool": gettext_lazy("yes or no"),
    "choice": gettext_lazy("single choice"),
    "multi": gettext_lazy("multiple choice"),
    "lunar": gettext_lazy("lunar birthday"),
    "list": gettext_lazy("list"),
    "phone": gettext_lazy("phone number"),
    "email": gettext_lazy("e-mail address"),
    "unionid": gettext_lazy("text"),
    "object": "JSON",
    "json": "JSON",
}
STATE_LABELS: dict[str, tuple[StrOrPromise, str]] = {
    "waiting": (gettext_lazy("queued"), "info"),
    "running": (gettext_lazy("running"), "info"),
    "done": (gettext_lazy("done"), "good"),
    "rejected": (gettext_lazy("rejected: broken rows"), "bad"),
    "failed": (gettext_lazy("failed"), "bad"),
    "cancelled": (gettext_lazy("cancelled"), "warn"),
    "undoing": (gettext_lazy("being undone"), "info"),
    "undone": (gettext_lazy("undone"), "warn"),
}
FORMAT_LABELS: dict[str, StrOrPromise] = {
    "chat": gettext_lazy("Chat log"),
    "csv": "CSV",
    "xlsx": "Excel",
    "json": "JSON",
    "ndjson": "NDJSON",
    "html": "HTML",
    "xls": "Excel 97–2003",
}
DELIMITER_LABELS: dict[str, StrOrPromise] = {
    ",": gettext_lazy("commas"),
    ";": gettext_lazy("semicolons"),
    "\t": gettext_lazy("tabs"),
    "|": gettext_lazy("vertical bars"),
}
MINUTE_LENGTH = len("2026-03-05 09:07")


def format_value(name: str, value: Any, kind: str) -> Any:
    """Return a value of a field to show; times are cut to the minute, as on all pages."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is not None and name in opt_out_columns.ANSWER_FIELDS:
        return _("yes") if value == opt_out_columns.YES else _("no")
    if kind == "instant" and isinstance(value, str):
        return value[:MINUTE_LENGTH]
    if kind in parsing.LIST_TYPES and isinstance(value, str):
        # Between the entries is what the language has between them.
        return value.replace("; ", _("; "))
    return value


def format_amount(value: Any, sign: str, currency: str) -> str:
    """Return an amount with the decimals of its currency, and the sign of its cell.

    An amount that is more exact than its currency keeps all its digits.
    """
    code = next(iter(money.find_currencies(sign)), currency)
    amount = money.with_decimals(decimals.parse(value), code)
    return f"{sign} {amount:,f}".strip()


def attribute_labels(
    community: Community, mapping: Mapping[str, str]
) -> dict[str, str]:
    """Return field → label of attributes: as defined, else the column's heading."""
    attributes = Attribute.objects.filter(community=community)
    prefix = target_registry.ATTRIBUTE_PREFIX
    headings = {field: heading for heading, field in mapping.items() if field}
    return headings | {
        f"{prefix}{name}": label
        for name, label in attributes.values_list("name", "label")
    }


def field_label(target: Target, name: str, labels: Mapping[str, str]) -> str:
    """Return the label of a field or attribute, or "not imported" if `name` is empty."""
    if not name:
        return _("not imported")
    for prefix in (target_registry.ATTRIBUTE_PREFIX, target_registry.DETAIL_PREFIX):
        if name.startswith(prefix) and labels.get(name):
            return labels[name]
    return target.field_label(name)
