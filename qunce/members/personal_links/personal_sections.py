"""What member pages store about a person, in the export, and how it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.core import personal_texts
from qunce.members.people import person_export
from qunce.members.personal_links.models import (
    ChannelProof,
    Device,
    ErasureRequest,
    LinkBinding,
    LinkRevocation,
    PageView,
    SharedPage,
    SignIn,
    SignInCode,
)

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.personal_texts import ErasedPerson
    from qunce.members.people.person_export import Records


@person_export.register("personal_links")
def _links(community: Community, ids: Sequence[int]) -> Records:
    rows = LinkBinding.objects.filter(account_id__in=ids).order_by("pk")
    names = ("purpose", "source", "made_at", "expires_at", "bound_at", "revoked_at")
    return [
        {**row, "device": row.pop("device__label")}
        for row in rows.values(*names, "device__label")
    ]


@person_export.register("sign_ins")
def _sign_ins(community: Community, ids: Sequence[int]) -> Records:
    rows = SignIn.objects.filter(account_id__in=ids).order_by("pk")
    names = ("provider", "signed_in_at", "expires_at", "ended_at")
    return [
        {**row, "device": row.pop("device__label")}
        for row in rows.values(*names, "device__label")
    ]


@person_export.register("page_views")
def _views(community: Community, ids: Sequence[int]) -> Records:
    rows = PageView.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("page", "half_hour", "seconds", "source"))


@person_export.register("shared_pages")
def _shares(community: Community, ids: Sequence[int]) -> Records:
    rows = SharedPage.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("page", "opened_at"))


@person_export.register("erasure_requests")
def _requests(community: Community, ids: Sequence[int]) -> Records:
    rows = ErasureRequest.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("state", "requested_at", "closed_at", "answer"))


@personal_texts.register
def erase(person: ErasedPerson) -> None:
    """Delete the links, sign-ins, devices and views of an erased person."""
    ids = person.accounts
    devices = set(
        LinkBinding.objects.filter(account_id__in=ids).values_list("device", flat=True)
    ) | set(SignIn.objects.filter(account_id__in=ids).values_list("device", flat=True))
    for model in (
        LinkBinding,
        LinkRevocation,
        SignIn,
        SignInCode,
        ChannelProof,
        PageView,
        SharedPage,
    ):
        model._default_manager.filter(account_id__in=ids).delete()
    # A device that somebody else uses, too, stays theirs.
    free = Device.objects.filter(
        pk__in=[pk for pk in devices if pk],
        links__isnull=True,
        sign_ins__isnull=True,
    )
    SignInCode.objects.filter(device__in=free).delete()
    Device.objects.filter(pk__in=list(free.values_list("pk", flat=True))).delete()
