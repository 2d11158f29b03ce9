"""What members do with meet-ups on the page. Each verb checks the rung of the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities.activities.activities import ActivityNotFound
from qunce.activities.activities.models import Activity
from qunce.activities.kinds.base import Reply
from qunce.activities.meetups import seats, sign_ups
from qunce.activities.meetups.models import SignUp, State
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions as activity_actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor

MAX_FIELD = 200


def sign_up(
    *,
    visitor: Visitor,
    public_id: str,
    form: Mapping[str, str],
    key: str,
    served: str,
    at: datetime,
) -> Reply:
    """Sign up with a form that has a field for each answer, by the verb of all ways."""
    activity = get(visitor, public_id)
    return activity_actions.take_part(
        visitor=visitor,
        public_id=public_id,
        said=_to_said(activity, form),
        key=key,
        served=served,
        at=at,
    )


def _to_said(activity: Activity, form: Mapping[str, str]) -> str:
    """The time and a line for each answer, as somebody could write it."""
    answers = [
        " ".join(form.get(f"answer-{number}", "")[:MAX_FIELD].split())
        for number in range(1, len(activity.settings["questions"]) + 1)
    ]
    slot = form.get("slot", "")[:10].strip()
    first = [slot] if slot.isascii() and slot.isdigit() else []
    if len(answers) == 1:
        return " ".join([*first, *answers])
    # A line of its own at the end, so that what is between lines is known.
    lines = [f"{number}: {text}" for number, text in enumerate(answers, start=1)]
    return "\n".join([*first, *lines, ""]) if lines else "".join(first)


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published meet-up; another activity is answered like an unknown one."""
    activity = activity_actions.get(visitor, public_id)
    if activity.kind != seats.KIND:
        raise ActivityNotFound(_("There is no such activity."))
    return activity


def get_own(visitor: Visitor, public_id: str) -> SignUp:
    """The visitor's own seat, with a link for the activity or signed in."""
    activity = get(visitor, public_id)
    purpose = activity_actions.purpose_of(activity)
    account = rungs.require(visitor, Rung.LINK, purpose=purpose)
    accounts = account_queries.account_ids_of_person(account)
    own = sign_ups.find_own(activity, accounts)
    if own is None or own.state in (State.CANCELLED, State.WAITING):
        raise sign_ups.SignUpNotFound(_("There is no such sign-up."))
    return own
