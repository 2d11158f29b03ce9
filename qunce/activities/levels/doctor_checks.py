"""A check of the doctor: the stored levels are those that follow from the points."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import ngettext

from qunce.activities.levels import holdings
from qunce.core.communities import Community
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding


@doctor.register_check("levels")
def check_levels() -> Iterator[Finding]:
    """Members whose stored level is not the one that follows from what they earned."""
    for community in Community.objects.order_by("pk"):
        wrong = len(holdings.find_wrong(community))
        if wrong:
            text = ngettext(
                "The level of %(n)s member differs from their points.",
                "The levels of %(n)s members differ from their points.",
                wrong,
            )
            yield Finding("levels", community.key, text % {"n": f"{wrong:,}"})
