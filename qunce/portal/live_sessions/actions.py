"""What members do with live sessions on the page. Each verb checks the rung of the visitor.

The room and the replay are opened by a POST with the form's token, so that previews of a
link and bots, which only read, count nobody.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities.activities.activities import ActivityNotFound
from qunce.activities.activities.models import Activity
from qunce.activities.kinds import live_session
from qunce.activities.kinds.base import Reply
from qunce.activities.live_sessions import replays, reservations, sessions
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions as activity_actions
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published live session; another activity is answered like an unknown one."""
    activity = activity_actions.get(visitor, public_id)
    if activity.kind != sessions.KIND:
        raise ActivityNotFound(_("There is no such activity."))
    return activity


def enter_room(
    *, visitor: Visitor, public_id: str, key: str, served: str, at: datetime
) -> Reply:
    """Count the visitor as having come, by the verb of all ways."""
    get(visitor, public_id)
    return activity_actions.take_part(
        visitor=visitor,
        public_id=public_id,
        said=live_session.ENTER,
        key=key,
        served=served,
        at=at,
    )


def watch_replay(*, visitor: Visitor, public_id: str, at: datetime) -> str:
    """The address of the replay, with a link for the activity or signed in; counted."""
    activity = get(visitor, public_id)
    account = _require(visitor, activity)
    return replays.watch(activity=activity, account_id=account, at=at)


def get_reserved(visitor: Visitor, public_id: str) -> Activity:
    """The live session if the visitor has reserved it."""
    activity = get(visitor, public_id)
    accounts = account_queries.account_ids_of_person(_require(visitor, activity))
    if reservations.find_own(activity, accounts) is None:
        raise reservations.ReservationNotFound(
            _("There is no such reservation of a live session.")
        )
    return activity


def _require(visitor: Visitor, activity: Activity) -> int:
    purpose = activity_actions.purpose_of(activity)
    return rungs.require(visitor, Rung.LINK, purpose=purpose)
