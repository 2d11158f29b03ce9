"""A check of the doctor: opened shares agree with the count and the seed of each packet."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from qunce.activities.red_packets import red_packets
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.core import db
from qunce.core.communities import Community
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding


@doctor.register_check("red_packets")
def check_shares() -> Iterator[Finding]:
    """Packets of which the opened shares do not follow from the seed, or their count."""
    for community in Community.objects.order_by("pk"):
        with db.snapshot():
            found = list(_compare(community))
        for text in found:
            yield Finding("red_packets", community.key, text)


def _compare(community: Community) -> Iterator[str]:
    rows = RedPacket.objects.filter(activity__community=community, taken__gt=0)
    for packet in rows.select_related("activity").order_by("pk"):
        amounts = red_packets.list_shares(packet)[: packet.taken]
        opened = RedPacketShare.objects.filter(packet=packet).order_by("position")
        if list(opened.values_list("amount", flat=True)) != amounts:
            yield (
                _(
                    "Red packet %(n)s of “%(name)s” does not have the shares of its seed."
                )
                % {"n": packet.n, "name": packet.activity.name}
            )
