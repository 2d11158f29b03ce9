"""Three tag rules with some weeks of history: questions, clicks and silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.demo.coffee.context import Context
from qunce.members.tag_rules import activation, runs, tag_rules
from qunce.members.tag_rules.models import TagRule
from qunce.members.tags import library
from qunce.sets.mirror import deriver

DAYS_BACK = (21, 14, 7, 3, 2, 1, 0)
"""When the daily rules ran."""
PAST_DAYS = 30
ASKED, INTERESTED, SILENT = "rule-asked", "rule-interested", "rule-silent"


def create(context: Context) -> None:
    """Write the rules and let their days pass, once; what has been done since stays."""
    if TagRule.objects.filter(community=context.community).exists():
        return
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic(), translation.override(context.community.language):
        _add_tags(context)
        manager, begin = context.staff["manager"], timedelta(days=DAYS_BACK[0])
        common: dict[str, Any] = {"by": manager, "at": context.at - begin}
        daily = []
        for fields in _list_daily(context):
            rule = tag_rules.create(
                community=context.community, mode="daily", **fields, **common
            )
            activation.activate(rule=rule, is_confirmed=True, **common)
            daily.append(rule)
        for back in DAYS_BACK:
            for rule in daily:
                runs.run_due(str(rule.pk), at=context.at - timedelta(days=back))
        # A second later, as the files were read at the clock itself.
        now = context.at + timedelta(seconds=1)
        question = context.words.topics["question"]
        asked = tag_rules.create(
            community=context.community,
            name=_("Asks in the chat"),
            description=_("Members who ask three times get an answer from a barista."),
            condition={
                "event": {"kind": "message.posted", "words": {"any": [question]}}
            },
            effects=[{"do": "deepen", "tag": ASKED, "depth": 1}],
            mode="event",
            by=manager,
            at=now,
        )
        activation.activate(rule=asked, past_days=PAST_DAYS, by=manager, at=now)
    deriver.catch_up()


def _add_tags(context: Context) -> None:
    names = {
        ASKED: _("Asked a question"),
        INTERESTED: _("High intent"),
        SILENT: _("Silent for a month"),
    }
    by, at = context.staff["manager"], context.community.created_at
    for key, name in names.items():
        tag = library.create(
            community=context.community, key=key, name=name, by=by, at=at
        )
        if key == ASKED:
            levels = [(1, _("asked once")), (3, _("asks often"))]
            library.set_levels(tag=tag, levels=levels, by=by, at=at)


def _list_daily(context: Context) -> list[dict[str, Any]]:
    clicked = {"kind": "send.clicked", "times": {"gte": 3}, "within": "365d"}
    kinds = ["message.posted", "order.paid", "send.clicked"]
    return [
        {
            "name": _("Clicks three times"),
            "condition": {"rule": {"all": [{"did": clicked}]}},
            "effects": [{"do": "add", "tag": INTERESTED}],
            "takes_back": True,
        },
        {
            "name": _("Silent members"),
            "condition": {"silence": {"kinds": kinds, "days": 30}},
            "effects": [{"do": "add", "tag": SILENT}],
            "takes_back": True,
        },
    ]
