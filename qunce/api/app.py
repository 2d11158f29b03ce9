"""The API as a whole: its resources, its description and how it reads bodies."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Router
from ninja.operation import Operation
from ninja.parser import Parser

from qunce.api import problems, schemas
from qunce.core import json_values

RESOURCES = (
    "members",
    "remark_names",
    "sidebar",
    "notes",
    "opt_outs",
    "contact_budget",
    "care",
    "assisted_messages",
    "campaign_approvals",
    "consents",
    "merges",
    "staff_in_charge",
    "saved_views",
    "exports",
    "accounts",
    "staff_accounts",
    "attributes",
    "identity",
    "tags",
    "tag_library",
    "tag_jobs",
    "tag_rules",
    "groups",
    "lists",
    "entry_gates",
    "overlaps",
    "patrol",
    "group_templates",
    "group_template_applications",
    "complaints",
    "conversations",
    "reply_rules",
    "wishes",
    "digests",
    "activities",
    "activity_announcements",
    "activity_entries",
    "check_ins",
    "points",
    "point_activities",
    "point_rules",
    "levels",
    "badges",
    "memberships",
    "prizes",
    "draws",
    "games",
    "topics",
    "posts",
    "instant_draws",
    "live_sessions",
    "homework",
    "meetups",
    "surveys",
    "orders",
    "series",
    "content_calendar",
    "playbooks",
    "staff_notices",
    "facts",
    "import_files",
    "imports",
    "segments",
    "sentences",
    "layers",
    "campaigns",
    "campaign_results",
    "materials",
    "ideas",
    "idea_feeds",
    "message_templates",
    "welcomes",
    "moderation",
    "moderation_rules",
    "moderation_limits",
    "service_styles",
    "tasks",
    "staff_tasks",
    "channels",
    "webhooks",
    "metrics",
    "metric_spans",
    "retention",
    "funnels",
    "findings",
    "reports",
    "lifetime_value",
    "staff_performance",
    "scores",
    "portraits",
    "words",
    "typed_numbers",
    "goals",
    "notebook",
    "positioning",
    "community",
    "exchange_rates",
    "jobs",
    "staff",
    "audit_log",
)
"""The modules with the operations, in the order of the reference."""
DESCRIPTION = """
With this API, programs can do what staff can do in the console. Only people add staff
and give out passwords and API keys; Today and the layout of lists are for people, too.

* An API key acts for one staff member. It sees the members that they see, and may do
  only what its scopes allow.
* A field that ends in `_id` is a number that Qunce assigned. A field that ends in `_key`
  is a text that you chose.
* Times include their offset from UTC. Amounts are in the currency's smallest unit.
* Lists are paginated. Pass the `next` value of one page as `after` to get the following
  page.
* A request that changes data and has an `Idempotency-Key` can safely be sent again
  within a day.
* Errors are problem documents (RFC 9457) in the language of `Accept-Language`.
"""


class StrictParser(Parser):
    """Rejects JSON that cannot be stored: lone surrogates, NaN, NUL and repeated keys."""

    def parse_body(self, request: HttpRequest) -> Any:
        json_values.check_storable(request.body)
        # Decimals of payloads are stored with all their digits.
        if request.path.endswith("/facts"):
            return json_values.parse(request.body)
        return schemas.parse_json(request.body)


class QunceAPI(NinjaAPI):
    """Operation ids are module and function, such as `members_list`."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        resource = operation.view_func.__module__.rpartition(".")[2]
        return f"{resource}_{operation.view_func.__name__.rstrip('_')}"

    def get_operation_url_name(self, operation: Operation, router: Router) -> str:
        return self.get_openapi_operation_id(operation)

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        return problems.from_exception(request, exc)


api = QunceAPI(
    title="Qunce",
    version="1",
    description=DESCRIPTION.strip(),
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    parser=StrictParser(),
)
for resource in RESOURCES:
    api.add_router("", import_module(f"qunce.api.{resource}").router)
