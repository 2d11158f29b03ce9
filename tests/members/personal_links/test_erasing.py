"""What member pages store about a person is deleted with them, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.personal_texts import ErasedPerson
from qunce.core.staff import models as staff_models
from qunce.members.personal_links import (
    devices,
    links,
    page_views,
    personal_sections,
    pruning,
    sign_in_codes,
)
from qunce.members.personal_links.models import (
    ChannelProof,
    Device,
    LinkBinding,
    PageView,
    SharedPage,
    SignIn,
)
from tests import factories
from tests.factories import AT


@pytest.mark.django_db
def test_links_devices_and_views_go_with_the_person(shop: Community) -> None:
    by = staff_models.system(shop)
    li, mei = factories.members(shop, "li", "mei")
    for account, device in ((li, "phone"), (mei, "tablet"), (mei, "shared")):
        digest = devices.digest_of(device)
        path = links.make(account_id=account, purpose="home", by=by, at=AT)
        token = links.read(path.removeprefix(links.TOKEN_PATH))
        links.bind(token=token, device_digest=digest, device_label=device, at=AT)
        view = page_views.View(
            community=shop,
            page="home",
            seconds=5,
            opened_by=digest,
            account_id=account,
            sharer=li if account == mei else mei,
        )
        page_views.record(view, at=AT)
        ChannelProof.objects.create(
            community=shop,
            account_id=account,
            channel="matrix",
            digest=devices.digest_of(f"token of {device}"),
            proven_at=AT,
            expires_at=AT,
        )
    digits, _code = sign_in_codes.show(
        community=shop,
        digest=devices.digest_of("shared"),
        label="",
        address="",
        at=AT,
    )
    sign_in_codes.confirm(account_id=li, digits=digits, by=by, at=AT)
    personal_sections.erase(ErasedPerson(shop.pk, (li,), ("li",), AT))
    for model in (LinkBinding, PageView, SharedPage, SignIn, ChannelProof):
        left = set(model._default_manager.values_list("account_id", flat=True))
        assert left <= {mei}
    assert set(Device.objects.values_list("label", flat=True)) == {"tablet", "shared"}
    assert LinkBinding.objects.count() == ChannelProof.objects.count() == 2
    pruning.prune(at=AT + timedelta(days=500))
    assert PageView.objects.count() == 0
    assert Device.objects.count() == 2
