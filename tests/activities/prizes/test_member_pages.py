"""What members see of draws and prizes on their pages, and what nobody else sees."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.activities.draws import certificates, public_values
from qunce.activities.draws.models import Draw
from qunce.activities.prizes import claims, codes
from qunce.activities.prizes.chat import KEYWORD
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeAddress, State
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.draws import builders as draw_builders
from tests.activities.prizes import builders
from tests.activities.prizes.builders import HOME
from tests.portal.phones import Phone

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def phone(community: Community) -> Phone:
    return Phone(community)


@pytest.fixture
def bob(community: Community) -> int:
    return factories.member(community, "bob", name="王小明").pk


def test_winner_claims_with_an_address_after_signing_in(
    phone: Phone, ann: Staff, bob: int
) -> None:
    now = datetime.now(UTC)
    award = builders.award(builders.prize(ann, "goods"), bob, at=now)
    path = f"prizes/{award.public_id}"
    phone.open(path)
    assert phone.status == 403 and "杯子" not in phone.page
    phone.sign_in(bob)
    assert award.public_id in phone.page
    phone.open(path)
    phone.press("/claim", recipient="", phone="1", address="x")
    assert phone.status == 422 and 'value="1"' in phone.page
    phone.press("/claim", **vars(HOME))
    award.refresh_from_db()
    assert (award.state, award.claimed_by) == (State.CLAIMED, ClaimedBy.PAGE)
    assert PrizeAddress.objects.get().address == HOME.address
    assert "You have claimed it" in phone.page and HOME.address not in phone.page


def test_code_is_shown_to_its_winner_and_unknown_to_others(
    community: Community, phone: Phone, ann: Staff, bob: int
) -> None:
    (eve,) = factories.members(community, "eve")
    prize = builders.prize(ann, "code")
    codes.upload(prize=prize, text="SECRET-1", by=ann, at=datetime.now(UTC))
    award = builders.award(prize, bob, at=datetime.now(UTC))
    claims.claim(award=award, way=ClaimedBy.PAGE, at=datetime.now(UTC))
    phone.sign_in(bob)
    assert "SECRET-1" in phone.open(f"prizes/{award.public_id}")
    other = Phone(community)
    other.sign_in(eve)
    other.open(f"prizes/{award.public_id}")
    assert other.status == 404 and "SECRET-1" not in other.page


@pytest.fixture
def drawn(community: Community, ann: Staff, bob: int) -> Draw:
    draw = draw_builders.open_draw(ann)
    draw_builders.join(draw, bob, *factories.members(community, *"cdef"))
    draw_builders.close(draw)
    for by in (ann, draw_builders.second(community)):
        public_values.type_figure(
            draw=draw, figure="123456", by=by, at=draw_builders.AFTER
        )
    draw.refresh_from_db()
    return draw


def test_certificate_is_public_and_names_nobody(
    phone: Phone, drawn: Draw, community: Community
) -> None:
    root = f"draws/{drawn.activity.public_id}/certificate"
    page = phone.open(root)
    assert phone.status == 200
    assert drawn.root in page and drawn.revealed_seed in page
    assert "王小明" not in page
    number = certificates.list_winners(drawn)[0].number
    assert "It is in the list" in phone.open(f"{root}?number={number}")
    assert "It is not in the list" in phone.open(f"{root}?number={'0' * 32}")
    assert "That is no number" in phone.open(f"{root}?number=<script>")
    assert phone.open(f"{root}.json") == certificates.to_text(drawn)
    foreign = Phone(factories.community("other"))
    foreign.open(root)
    assert foreign.status == 404


def test_draft_of_a_draw_is_unknown(phone: Phone, ann: Staff) -> None:
    activity = draw_builders.activity(ann)
    phone.open(f"draws/{activity.public_id}/certificate")
    assert phone.status == 404


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("领奖", ""),
        ("领奖：李雷 13800138000 上海", "李雷 13800138000 上海"),
        ("Claim", ""),
        ("领奖台", None),
        ("我要领奖", None),
        ("claiming", None),
    ],
)
def test_keyword_of_a_claim(text: str, rest: str | None) -> None:
    found = KEYWORD.match(text)
    assert (text[found.end() :] if found else None) == rest
    assert not Award.objects.exists()
