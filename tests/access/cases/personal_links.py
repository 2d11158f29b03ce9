"""How the sweep calls verbs: personal links, sign-in codes and member pages."""

from __future__ import annotations

from typing import Any

from qunce.members.personal_links import (
    devices,
    erasure_requests,
    links,
    sign_in_codes,
)
from qunce.members.personal_links.models import LinkBinding
from tests.access.cases.base import case, ids, just, using
from tests.access.world import World

PHONE = devices.digest_of("phone")


def _made(world: World) -> dict[str, Any]:
    path = links.make(
        account_id=world.ids["account"], purpose="home", by=world.owner, at=world.at
    )
    token = links.read(path.removeprefix(links.TOKEN_PATH))
    return {"pk": LinkBinding.objects.get(token_id=token.id).pk}


def _shown(world: World) -> dict[str, Any]:
    digits, _code = sign_in_codes.show(
        community=world.community, digest=PHONE, label="", address="", at=world.at
    )
    return {"account_id": world.ids["account"], "digits": digits}


def _requested(world: World) -> dict[str, Any]:
    account = world.ids["account"]
    return {"pk": erasure_requests.request(account_id=account, at=world.at).pk}


case(
    "members.personal_links.links",
    make=ids("account_id", purpose="home"),
    list_of_member=ids("account_id"),
    revoke=using(_made),
    revoke_member=ids("account_id"),
    revoke_purpose=just(purpose="home"),
)
case(
    "members.personal_links.sign_in_codes",
    make=ids("account_id"),
    confirm=using(_shown),
)
case("members.personal_links.portal_settings", configure=just(is_open=True))
case("members.personal_links.page_views", list_results=just())
case(
    "members.personal_links.erasure_requests",
    get=using(_requested),
    carry_out=using(_requested),
    decline=using(lambda world: _requested(world) | {"answer": "An order is open"}),
    list_open=just(),
)
