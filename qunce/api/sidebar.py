"""The sidebar of a member: what to offer now and why, what is due, texts to copy."""

from __future__ import annotations

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.sidebar import member_sidebar
from qunce.sidebar.member_sidebar import MemberSidebar

READ = RequiresScope("members", also=["campaigns", "orders", "tasks"])
router = Router(auth=READ, tags=["members"])


class OfferOut(schemas.OutputSchema):
    """`rule` is one of birthday, invitation, layer_move, repurchase, silence, first_order and interest."""

    rule: str
    what: str
    why: str


class DueItemOut(schemas.OutputSchema):
    """`kind` is follow_up, task or birthday; `id` that of the note or the staff task."""

    kind: str
    text: str
    due: str
    is_late: bool
    staff: str
    id: int


class CopyTextOut(schemas.OutputSchema):
    """`problem` says why `text` is empty."""

    title: str
    text: str
    problem: str


class SidebarOut(schemas.OutputSchema):
    remark: str
    offers: list[OfferOut]
    due: list[DueItemOut]
    texts: list[CopyTextOut]
    has_opted_out: bool


@router.get("/members/{member_id}/sidebar", response=SidebarOut)
def get_sidebar(request: ApiRequest, member_id: schemas.Id) -> MemberSidebar:
    """Get what staff see beside the chat with a member.

    Members who have opted out get no offers.
    """
    return member_sidebar.load(account=member_id, by=request.by, at=request.at)
