"""The surveys that are open to a visitor, on the page of a community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.members.accounts import queries as account_queries
from qunce.members.surveys import respondents, surveys
from qunce.portal.home import sections as home
from qunce.portal.sections import Section
from qunce.portal.surveys import actions
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10


def _load_home(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    """Those that the visitor may answer; to others, those that are for everybody."""
    rows = []
    for survey in surveys.list_open(visitor.community, at)[:MAX_SHOWN]:
        account = actions.account_of(visitor, survey)
        if account is None:
            if survey.rule is None:
                rows.append((survey, False))
            continue
        survey.community = visitor.community
        accounts = account_queries.account_ids_of_person(account)
        if respondents.has_answered(survey, accounts, at=at):
            rows.append((survey, True))
        elif not respondents.judge(survey, account, at=at):
            rows.append((survey, False))
    return {"rows": rows} if rows else None


home.SECTIONS.register(
    Section(
        key="surveys",
        label=_("Surveys"),
        template="portal/surveys/_home.html",
        load=_load_home,
        order=20,
    )
)
