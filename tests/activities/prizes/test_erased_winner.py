"""A winner who is erased: nothing says who they were, and the certificate still verifies."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from qunce import reactions
from qunce.activities.draws import certificates, public_values, tickets, verifier
from qunce.activities.draws.models import Draw, Ticket
from qunce.activities.prizes import addresses, claims, delivery
from qunce.activities.prizes.models import Award, PrizeAddress, PrizeStock
from qunce.core.backup import backups
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.outreach.sending.ledger import Message
from qunce.outreach.tasks.staff_tasks import TaskRequest
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER
from tests.factories import AT
from tests.test_personal_texts import ADDRESS, NAME, PHONE, found_in_home

pytestmark = [pytest.mark.django_db(transaction=True)]
LATER = AFTER + timedelta(hours=1)


@pytest.fixture
def draw(community: Community, ann: Staff) -> Draw:
    """A draw of a parcel and a red packet, both won: one by the person, one by Bob."""
    person = factories.member(community, "k-1", name=NAME, identifiers={"phone": PHONE})
    other = factories.member(community, "k-2", name="Bob")
    prizes = [
        (builders.prize(ann, "杯子", "goods"), 1),
        (builders.prize(ann, "红包", "red_packet", cost=8_88), 1),
    ]
    found = builders.open_draw(ann, *prizes, settings={tickets.MOST: 2})
    builders.join(found, person.pk, other.pk)
    tickets.grant(
        draw=found, account_id=person.pk, count=1, reason=f"{NAME} 帮忙", by=ann, at=AT
    )
    builders.close(found)
    for by in (ann, builders.second(community)):
        public_values.type_figure(draw=found, figure="123456", by=by, at=AFTER)
    found.refresh_from_db()
    return found


def test_name_phone_and_address_of_an_erased_winner_are_nowhere(
    community: Community, draw: Draw, ann: Staff
) -> None:
    account = account_queries.get(community, "k-1")
    # Whichever prize it is, it is sent to the address.
    PrizeStock.objects.update(kind="goods")
    said = f"{NAME} {PHONE} {ADDRESS}"
    answer = claims.claim_by_message(
        community=community, account_id=account.pk, said=said, at=AFTER
    )
    assert answer.claimed == 1
    reactions.CONSUMER.catch_up(at=AFTER)
    award = Award.objects.get(account_id=account.pk)
    packed = delivery.export_csv(chosen=[award], by=ann, at=AFTER)
    assert NAME in packed and PHONE in packed and ADDRESS in packed
    delivery.send(award=award, carrier="SF", parcel_number=PHONE, by=ann, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    deriver.catch_up()
    before = certificates.to_text(draw)
    Path(settings.HOME / "certificate.json").write_text(before)
    assert {NAME, PHONE} <= found_in_home()

    people.erase(account=account, by=ann, at=LATER)
    deriver.catch_up()
    reactions.CONSUMER.catch_up(at=LATER)
    for due in job_queue.claim(at=LATER + timedelta(minutes=1)):
        if due.job == people.SCRUB_JOB:
            erasure.scrub(due.key, at=LATER)
    backups.create(settings.HOME / "after.zip", at=LATER)
    assert found_in_home() == set()
    assert not PrizeAddress.objects.exists()
    assert addresses.read(chosen=[award], by=ann, at=LATER) == {}
    assert not Message.objects.filter(text__contains=PHONE).exists()
    assert not TaskRequest.objects.filter(text__contains=NAME).exists()
    # The draw stays what everybody has read.
    assert certificates.to_text(draw) == before
    assert verifier.verify(before) == []
    assert json.loads(before)["closing"]["tickets"] == 3
    names = [winner.name for winner in certificates.list_winners(draw)]
    assert len(names) == 2 and len(set(names)) == 2
    assert Ticket.objects.filter(account_id=account.pk).count() == 2
