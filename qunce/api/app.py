"""The API as a whole: which nouns it has, and how it describes itself."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router
from ninja.operation import Operation
from ninja.parser import Parser

from qunce.api import problems, schemas

RESOURCES = (
    "members accounts tags groups orders facts segments layers campaigns tasks webhooks"
)
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
DESCRIPTION = """
Everything an operator may do with members, tags, groups, orders, segments, layers and
sends, for programs. A key stands for one operator: it sees whom that operator sees, and
may do what its scopes name. Times carry their offset from UTC. Lists are read page by
page: give `next` of one page as `after` of the following. An `Idempotency-Key` makes a
changing request safe to send again within a day. Errors are problem documents (RFC 9457)
in the language of `Accept-Language`.
"""


class StrictParser(Parser):
    """Bodies that can be kept: no lone surrogates, no NaN, no NUL."""

    def parse_body(self, request: HttpRequest) -> Any:
        # The regex takes as long as the parser, the word alone next to nothing.
        if rb"\u0000" in request.body and ESCAPED_NUL.search(request.body):
            raise ValueError(_("Remove the NUL character."))
        return schemas.parse_json(request.body)


class QunceAPI(NinjaAPI):
    """Names its operations noun and function, such as `members_listed`."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        noun = operation.view_func.__module__.rpartition(".")[2]
        return f"{noun}_{operation.view_func.__name__}"

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
for noun in RESOURCES.split():
    api.add_router("", import_module(f"qunce.api.{noun}").router)
