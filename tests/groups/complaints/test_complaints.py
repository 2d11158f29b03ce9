"""V9: complaints are raised once, assigned, answered by a time, and closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.groups import groups
from qunce.groups.complaints import (
    complaint_list,
    complaint_settings,
    complaints,
    escalation,
    message_complaints,
)
from qunce.groups.complaints.complaint_list import ComplaintNotFound, Filters
from qunce.groups.complaints.complaints import ComplaintAlreadyOpen, InvalidComplaint
from qunce.groups.complaints.models import Complaint
from qunce.groups.complaints.negative_words import Topic
from qunce.groups.message_quotes import Quote
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.members.staff_in_charge import assignments
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def raise_case(by: Staff, **fields: object) -> Complaint:
    given = {"topic": "quality", "title": "Cup broken", **fields}
    return complaints.create(community=by.community, by=by, at=AT, **given)  # type: ignore[arg-type]


def written(of: Community, account: int, text: str, **fields: object) -> Quote:
    """A message that is stored as a channel stores it."""
    key = f"m{MessageText.objects.count()}"
    source = interned_names.ensure("source", of.pk, ["fake"])["fake"]
    group = fields.get("group")
    moment = timestamps.to_micros(AT)
    message_texts.store(of, source, [NewText(key, account, group, moment, text)])  # type: ignore[arg-type]
    row = MessageText.objects.get(source_id=source, key=key)
    return Quote(
        message=row.pk,
        source=source,
        key=key,
        account=account,
        group=row.group_id or None,
        happened_at=AT,
        text=text,
    )


def test_a_case_goes_its_way_and_each_step_is_a_fact(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    case = raise_case(by, account=bob, order="o1")
    assert case.state == "open"
    assert case.due_at == AT + 24 * HOUR
    complaints.start(complaint=case, by=by, at=AT + HOUR)
    complaints.answer(complaint=case, text="We send a new one", by=by, at=AT + 2 * HOUR)
    complaints.close(complaint=case, outcome="replaced", by=by, at=AT + 3 * HOUR)
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("closed", "replaced")
    assert factories.recorded_facts(shop, "complaint.answered") == [
        (bob, {"complaint": case.pk, "topic": "quality", "minutes": 120})
    ]
    for kind in ("opened", "started", "closed"):
        assert len(factories.recorded_facts(shop, f"complaint.{kind}")) == 1
    with pytest.raises(WrongState):
        complaints.answer(complaint=case, text="Again", by=by, at=AT + 4 * HOUR)
    complaints.reopen(complaint=case, by=by, at=AT + 5 * HOUR)
    assert (case.state, case.due_at) == ("open", AT + 29 * HOUR)


def test_a_case_of_a_hidden_group_is_not_named(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    north, south = (factories.group(shop, key) for key in ("north", "south"))
    for group in (north, south):
        groups.add_members(group=group, accounts=[bob], by=by, at=AT)
    limited = factories.staff(shop, "manager", "lin", groups=["north"])
    first = raise_case(by, account=bob, group=south.pk)

    with pytest.raises(ComplaintAlreadyOpen, match=f"Case {first.pk} "):
        raise_case(by, account=bob, group=north.pk)
    with pytest.raises(ComplaintAlreadyOpen, match="A colleague has") as raised:
        raise_case(limited, account=bob, group=north.pk)
    assert str(first.pk) not in str(raised.value)


def test_a_person_has_one_open_case_per_topic_and_order(by: Staff) -> None:
    shop = by.community
    bob, twin = factories.members(shop, "bob", "bobby")
    first = raise_case(by, account=bob)
    with pytest.raises(ComplaintAlreadyOpen, match=f"Case {first.pk} "):
        raise_case(by, account=bob)
    raise_case(by, account=bob, topic="delivery")
    raise_case(by, account=bob, order="o2")
    factories.merge(shop, "bob", "bobby")
    with pytest.raises(ComplaintAlreadyOpen):
        raise_case(by, account=twin)
    complaints.close(complaint=first, outcome="solved", by=by, at=AT)
    again = raise_case(by, account=twin)
    with pytest.raises(ComplaintAlreadyOpen):
        complaints.reopen(complaint=first, by=by, at=AT)
    assert again.state == "open"


def test_negative_words_raise_one_case_to_which_later_messages_are_added(
    by: Staff,
) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    group = factories.group(shop, "north", "bob", owner=by)
    for text in ("杯子碎了！", "又坏了", "大家好"):
        quote = written(shop, bob, text, group=group.pk)
        message_complaints.raise_from_message(community=shop, quote=quote, at=AT)
    (case,) = Complaint.objects.all()
    assert (case.topic, case.account_id, case.owner) == ("quality", bob, by)
    shown = complaint_list.list_messages(case, by=by, at=AT)
    assert [each.quote and each.quote.text for each in shown] == [
        "杯子碎了！",
        "又坏了",
    ]
    assert complaint_list.heading(case) == "Quality: 碎了, 坏了"
    complaints.answer(complaint=case, text="A new one is on its way", by=by, at=AT)
    quote = written(shop, bob, "新的也破损")
    message_complaints.raise_from_message(community=shop, quote=quote, at=AT + HOUR)
    case.refresh_from_db()
    assert case.state == "open"
    assert len(factories.recorded_facts(shop, "complaint.reopened")) == 1


def test_words_are_the_community_s_own_and_can_be_switched_off(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    complaint_settings.change(
        community=shop, by=by, at=AT, topics=[Topic("Lids", ("wobbly",))]
    )
    for text in ("坏了", "the lid is wobbly"):
        quote = written(shop, bob, text)
        message_complaints.raise_from_message(community=shop, quote=quote, at=AT)
    assert [case.topic for case in Complaint.objects.all()] == ["Lids"]
    complaint_settings.change(community=shop, by=by, at=AT, raises_from_messages=False)
    ann = factories.member(shop, "ann").pk
    quote = written(shop, ann, "wobbly")
    assert (
        message_complaints.raise_from_message(community=shop, quote=quote, at=AT) == []
    )
    for wrong in ({"complaint_hours": 0}, {"topics": [Topic("x", ("a",))]}):
        with pytest.raises(complaint_settings.InvalidComplaintSettings):
            complaint_settings.change(community=shop, by=by, at=AT, **wrong)


def test_late_cases_are_noted_once_and_shown_to_the_overseer(by: Staff) -> None:
    shop = by.community
    op = factories.staff(shop, "operator", "op")
    case = raise_case(by, owner=op)
    assert escalation.note_late(at=AT + 24 * HOUR) == 0
    late = AT + 25 * HOUR
    assert escalation.note_late(at=late) == 1
    assert escalation.note_late(at=late) == 0
    assert len(factories.recorded_facts(shop, "complaint.late")) == 1
    assert escalation.list_late_of_others(by=by, at=late) == [case]
    assert escalation.list_own(by=op, at=late) == [case]
    complaints.assign(complaint=case, staff=None, by=op, at=late)
    assert escalation.list_late_of_others(by=by, at=late) == []
    assert escalation.list_unowned(by=by, at=late) == [case]
    complaints.update(complaint=case, due_at=late + HOUR, by=by, at=late)
    case.refresh_from_db()
    assert case.late_at is None


def test_the_staff_in_charge_owns_the_case(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    op = factories.staff(shop, "operator", "op")
    assignments.assign(community=shop, accounts=[bob], staff=op, by=by, at=AT)
    assert raise_case(by, account=bob).owner == op
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(InvalidComplaint):
        raise_case(by, owner=viewer)
    with pytest.raises(permissions.NotAllowed):
        raise_case(viewer)


def test_what_is_wrong_is_refused_with_the_field(by: Staff) -> None:
    for fields in (
        {"topic": "no such"},
        {"title": ""},
        {"title": "x" * 121},
        {"kind": "rumour"},
        {"title": "a\0b"},
        {"due_at": AT - HOUR},
    ):
        with pytest.raises(InvalidComplaint):
            raise_case(by, **fields)
    assert not Complaint.objects.exists()


def test_staff_see_cases_of_their_groups_and_members_only(by: Staff) -> None:
    shop = by.community
    (bob,) = factories.members(shop, "bob")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    here = raise_case(by, account=bob, group=north.pk)
    there = raise_case(by, account=bob, group=south.pk, topic="delivery")
    limited = factories.staff(shop, "manager", "lim", groups=["north"])
    assert complaint_list.list_visible(by=limited, at=AT) == [here]
    with pytest.raises(ComplaintNotFound):
        complaint_list.get(by=limited, pk=there.pk, at=AT)
    with pytest.raises(ComplaintNotFound):
        complaints.start(complaint=there, by=limited, at=AT)
    nobody: dict[str, object] = {"tag": {"any": []}}
    scoped = factories.staff(shop, "manager", "sco", scope=nobody)
    assert complaint_list.list_visible(by=scoped, at=AT) == []
    assert len(complaint_list.list_visible(by=by, at=AT)) == 2
    late = Filters(late_at=AT + 25 * HOUR, group=north.pk)
    assert complaint_list.list_visible(by=by, at=AT, filters=late) == [here]


def test_an_erased_member_leaves_a_case_of_nobody(by: Staff) -> None:
    shop = by.community
    bob, ann = factories.named_members(shop, "bobby", "annika")
    quote = written(shop, bob, "坏了")
    message_complaints.raise_from_message(community=shop, quote=quote, at=AT)
    other = raise_case(by, account=ann, text="She says Bobby told her")
    person = personal_texts.ErasedPerson(shop.pk, (bob,), ("Bobby",), AT)
    personal_texts.erase(person)
    fact = factories.recorded_fact(shop, "member.erased", bob)
    complaints.clear_erased(community=shop, facts=[fact], at=AT)
    other.refresh_from_db()
    assert "Bobby" not in other.text
    assert other.account_id == ann
    case = Complaint.objects.get(source="message")
    assert case.account_id is None
    assert not case.messages.exists()
