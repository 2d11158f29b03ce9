"""What visitors do in activities. Each verb checks the rung of the visitor itself."""

from __future__ import annotations

from datetime import datetime

from django.core import signing
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Answer, Way
from qunce.activities.check_ins import card_sales
from qunce.activities.kinds import base, check_in
from qunce.activities.kinds.base import Reply
from qunce.core import timestamps
from qunce.members.personal_links import purposes
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor

SALT = "qunce.portal.served"


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published activity; an unknown, foreign or hidden one raises ActivityNotFound."""
    activity = activities.find_public(visitor.community, public_id)
    if activity is None:
        raise activities.ActivityNotFound(_("There is no such activity."))
    return activity


def purpose_of(activity: Activity) -> str:
    return purposes.of(purposes.ACTIVITY, activity.public_id)


def account_of(visitor: Visitor, activity: Activity) -> int | None:
    """The account for which the page may show what is the visitor's own.

    What is paid with points needs a sign-in, as balances do.
    """
    if base.get(activity.kind).spends_points:
        return visitor.signed_in
    return visitor.account_for(purpose_of(activity))


def require_check_ins(visitor: Visitor, public_id: str) -> tuple[Activity, int]:
    """A check-in and the visitor's account in it, with a link for it or signed in."""
    activity = get(visitor, public_id)
    if activity.kind != check_in.KEY:
        raise activities.ActivityNotFound(_("There is no such activity."))
    return activity, rungs.require(visitor, Rung.LINK, purpose=purpose_of(activity))


def take_part(
    *, visitor: Visitor, public_id: str, said: str, key: str, served: str, at: datetime
) -> Reply:
    """Take part on the page, with a personal link for this activity or signed in.

    Where it spends points, a link is not enough.
    """
    activity = get(visitor, public_id)
    is_spent = base.get(activity.kind).spends_points
    rung = Rung.CHANNEL if is_spent else Rung.LINK
    account = rungs.require(visitor, rung, purpose=purpose_of(activity))
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=key,
        served_at=read_served(served, activity),
        at=at,
    )


def buy_card(*, visitor: Visitor, public_id: str, key: str, at: datetime) -> None:
    """Buy a make-up card with points, which needs a sign-in."""
    activity = get(visitor, public_id)
    account = rungs.require(visitor, Rung.CHANNEL)
    card_sales.buy(activity=activity, account_id=account, key=key, by=None, at=at)


def sign_served(activity: Activity, at: datetime) -> str:
    """A text that says when a page was served, which nobody else can write."""
    return signing.dumps([activity.pk, timestamps.to_micros(at)], salt=SALT)


def read_served(text: str, activity: Activity) -> datetime | None:
    """When the page was served, None if the text is not ours."""
    try:
        pk, micros = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return timestamps.from_micros(micros) if pk == activity.pk else None


def find_answer(activity: Activity, account: int | None, key: str) -> Answer | None:
    """What the visitor's own attempt with this key was answered."""
    if account is None or not key:
        return None
    return base.find_answer(activity, Way.PORTAL, f"{account}:{key}")
