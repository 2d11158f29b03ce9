"""Values of attributes as texts about people: what erasing looks for, and removes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from qunce.core import personal_texts, revisions
from qunce.core.personal_texts import ErasedPerson
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.sets.bitmaps import attribute_columns


def list_contacts(accounts: Sequence[int]) -> list[str]:
    """Current and past values of these accounts that reach a person, such as addresses."""
    contacts = Attribute.objects.filter(is_contact=True).values("pk")
    return [
        text
        for model in (AttributeValue, PastValue)
        for text in model.objects.filter(
            account_id__in=accounts, attribute_id__in=contacts
        ).values_list("text", flat=True)
        if text
    ]


@personal_texts.register
def erase_quotes(person: ErasedPerson) -> None:
    """Remove an erased person from the values of others, such as who invited them."""
    own = Attribute.objects.filter(community_id=person.community_id)
    quoting = personal_texts.contains_any("text", person)
    past = PastValue.objects.filter(quoting, attribute_id__in=own.values("pk"))
    for pk, text in past.values_list("pk", "text"):
        PastValue.objects.filter(pk=pk).update(
            text=person.remove_from(text, is_sentence=True)
        )
    rows = AttributeValue.objects.filter(quoting, attribute__in=own, present=True)
    for row in rows.order_by("attribute_id", "pk"):
        text = person.remove_from(row.text, is_sentence=True)
        with transaction.atomic():
            rev = revisions.bump(
                person.community_id, attribute_columns.KIND, [row.attribute_id]
            )[row.attribute_id]
            item = f"{text}#{row.pk}" if row.item else ""
            AttributeValue.objects.filter(pk=row.pk).update(
                text=text, item=item, rev=rev
            )
