"""The categories of goods that a rule may name: those in the orders of a community."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.members.tags import naming
from qunce.members.tags.models import Tag
from qunce.sales import purchase_tags
from qunce.sets.rules import references

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Each category by its own name and by the name that staff gave to its tag."""
    # Every category has a purchase tag, and its key keeps the category when staff
    # rename or merge the tag. Reading the orders themselves would take a second.
    tags = Tag.objects.filter(
        community=community, key__startswith=purchase_tags.PREFIX
    ).order_by("pk")
    names: list[tuple[str, str]] = []
    for key, name, merged_into in tags.values_list("key", "name", "merged_into"):
        category = key.removeprefix(purchase_tags.PREFIX)
        # A key of full length is cut, so that its category is not known.
        if category and len(key) < naming.MAX_LENGTH:
            names.append((category, category))
            if merged_into is None and name != category:
                names.append((category, name))
    return names


references.register("category", list_names=list_names)
