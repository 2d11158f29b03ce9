"""Deletes the personal data of erased people from the details of orders."""

from __future__ import annotations

import re

from django.db.models import Q

from qunce.core import personal_texts
from qunce.core.personal_texts import ErasedPerson
from qunce.members.accounts import queries as account_queries
from qunce.sales import order_items
from qunce.sales.models import Order

IDENTIFYING = re.compile(r"\d.{5}|.@.")
"""Texts that belong to one person: long ones with a digit, and addresses."""


@personal_texts.register
def erase_details(person: ErasedPerson) -> None:
    """Delete the details of other orders that name an erased person, such as a gift's."""
    # By numbers and addresses only, as other people may have the same name.
    texts = [text for text in person.texts if IDENTIFYING.search(text)]
    named = Q(pk__in=[])
    for text in texts:
        named |= Q(details__icontains=text)
    orders = Order.objects.filter(community_id=person.community_id)
    found = orders.filter(named).values_list("pk", "details") if texts else []
    chosen = [pk for pk, details in found if person.is_named_in(details or "")]
    for chunk in account_queries.chunks(chosen):
        Order.objects.filter(pk__in=chunk).update(details=None)
    # Items may be engraved or addressed; what was bought stays.
    engraved = orders.filter(personal_texts.contains_any("items", person))
    for pk, items in engraved.values_list("pk", "items"):
        kept = person.remove_from(order_items.load_items(items), is_sentence=True)
        Order.objects.filter(pk=pk).update(items=order_items.dump_items(kept))
