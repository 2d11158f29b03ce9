"""What staff see of one member beside the chat with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.members.people import people, remark_names, visibility
from qunce.members.people.people import Person
from qunce.sidebar import copy_texts, due_items, offer_context, offers

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class MemberSidebar:
    """`has_opted_out` is why there are no offers."""

    person: Person
    remark: str
    offers: Sequence[offers.Offer]
    due: Sequence[due_items.DueItem]
    texts: Sequence[copy_texts.CopyText]
    has_opted_out: bool


def load(*, account: int, by: Staff, at: datetime) -> MemberSidebar:
    """The sidebar of the person behind an account; raises MemberNotFound."""
    row = visibility.get(by=by, account=account, at=at)
    person = people.get_by_account(row.pk)
    facts = offer_context.load(person, by=by, at=at)
    return MemberSidebar(
        person=person,
        remark=remark_names.render_for(person, by=by),
        offers=offers.decide(facts),
        due=due_items.list_due(person, by=by, at=at),
        texts=[]
        if facts.has_opted_out
        else copy_texts.list_texts(person.id, by=by, at=at),
        has_opted_out=facts.has_opted_out,
    )
