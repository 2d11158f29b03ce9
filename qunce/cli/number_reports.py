"""The report of `qunce doctor --numbers`: one line per identity and community."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.cli.options import Invocation
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.insight import identities
from qunce.insight.identities import Identity, Outcome, Question

log = logging.getLogger(__name__)
MAX_LISTED = 20
"""Differences of one identity that are listed; all are counted."""
HOLDS, DIFFERS, UNKNOWN = "holds", "differs", "unknown"


def report(invocation: Invocation, *, seconds: int) -> int:
    """Compare the numbers of each community, or of the chosen one; 0 if all hold."""
    invocation.derive()
    found, states = list[dict[str, Any]](), set[str]()
    for community in _list_communities(invocation):
        invocation.out.line(f"{community.name} ({community.key})")
        rows = []
        for row in _check(community, invocation, seconds):
            rows.append(row)
            states.add(row["state"])
            for line in _lines(row):
                invocation.out.line(f"  {line}")
        found.append({"community": community.key, "identities": rows})
    invocation.out.answer({"communities": found})
    return 0 if states <= {HOLDS} else 1


def _list_communities(invocation: Invocation) -> list[Community]:
    if invocation.community_key is not None:
        return [invocation.community]
    return list(Community.objects.order_by("key"))


def _check(
    community: Community, invocation: Invocation, seconds: int
) -> Iterator[dict[str, Any]]:
    question = Question(
        community=community,
        by=staff_models.system_for_preview(community),
        at=invocation.at,
    )
    end = time.monotonic() + seconds
    for identity in identities.list_all():
        yield _check_one(identity, question, lambda: time.monotonic() > end)


def _check_one(
    identity: Identity, question: Question, is_time_up: Callable[[], bool]
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "key": identity.key,
        "statement": str(identity.statement),
        "state": UNKNOWN,
        "compared": 0,
        "differing": 0,
        "differences": [],
        "reason": "",
    }
    if is_time_up():
        return record | {"reason": _("The time was up.")}
    try:
        outcome = identities.check(identity, question, is_time_up=is_time_up)
    # What cannot be compared is reported, and the others are compared.
    except Exception as error:
        log.info("identity %s stopped", identity.key, exc_info=error)
        return record | {"reason": " ".join(str(error).split())[:300]}
    return record | _describe(outcome)


def _describe(outcome: Outcome) -> dict[str, Any]:
    differences = outcome.differences
    state = DIFFERS if differences else HOLDS if outcome.holds else UNKNOWN
    return {
        "state": state,
        "compared": outcome.compared,
        "differing": len(differences),
        "differences": [
            {
                "where": each.where,
                "left": each.left,
                "right": each.right,
                "difference": each.difference,
            }
            for each in differences[:MAX_LISTED]
        ],
        "reason": "" if outcome.is_complete else _("The time was up."),
    }


def _lines(row: dict[str, Any]) -> Iterator[str]:
    compared = ngettext("%(n)s comparison", "%(n)s comparisons", row["compared"]) % {
        "n": f"{row['compared']:,}"
    }
    if row["state"] == HOLDS:
        mark = "✓" if row["compared"] else "–"
        note = compared if row["compared"] else _("nothing to compare")
        yield f"{mark} {row['statement']} ({note})"
    elif row["state"] == UNKNOWN:
        unknown = _("not known")
        yield f"? {row['statement']} ({unknown}: {row['reason']})"
    else:
        yield f"✗ {row['statement']} ({compared})"
    for each in row["differences"]:
        yield "    " + _("differs by %(n)s: %(left)s and %(right)s, %(where)s") % {
            "n": f"{each['difference']:+,}",
            "left": f"{each['left']:,}",
            "right": f"{each['right']:,}",
            "where": each["where"],
        }
    left = row["differing"] - len(row["differences"])
    if left:
        yield "    " + _("and %(n)s more") % {"n": f"{left:,}"}
