"""Messages of playbooks: materials, templates, variants, and who posts them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels.testing import FakeChannel
from qunce.groups import memberships
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.members.staff_in_charge import assignments
from qunce.outreach.campaigns.variants import Variant
from qunce.outreach.content import message_templates
from qunce.outreach.content.materials import library as materials
from qunce.outreach.playbooks import (
    definitions,
    playbooks,
    results,
    staff_notices,
    variant_results,
    variants,
)
from qunce.outreach.playbooks.models import Run, RunStep, StaffNotice
from qunce.outreach.playbooks.variants import Redraw
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.factories import AT
from tests.outreach.playbooks.worker import HOUR, MINUTE, Worker, send, wait


def link(worker: Worker) -> Any:
    fields = {"title": "Autumn menu", "url": "https://shop.test/menu"}
    fields["content_type"] = "offer"
    return materials.create(
        community=worker.shop, kind="link", by=worker.by, at=AT, **fields
    )


@pytest.mark.both_databases
def test_a_message_keeps_the_version_of_its_materials_and_waits_while_one_is_gone(
    worker: Worker, fake: FakeChannel
) -> None:
    worker.members("bob", "cat")
    material = link(worker)
    first = material.version.pk
    worker.playbook(send("a", materials=[first]), again={"mode": "restart"})
    materials.update(material=material, title="Winter menu", by=worker.by, at=AT)
    worker.order("bob", AT + MINUTE)
    worker.tick(AT + MINUTE)
    channel_sending.send_due(at=AT + MINUTE)
    assert Message.objects.get().content == {"materials": [first]}
    delivered = fake.delivered[0]
    assert "Autumn menu" in repr((delivered.text, delivered.attachments))
    # Journeys, row 18: without the material nothing is sent, and Today says so.
    materials.archive(material=material, by=worker.by, at=AT + 2 * MINUTE)
    worker.order("cat", AT + 3 * MINUTE)
    worker.tick(AT + 3 * MINUTE)
    (troubled,) = results.list_troubled(by=worker.by)
    assert (troubled.reason, troubled.runs, worker.texts("cat")) == (
        "material_gone",
        1,
        [],
    )
    materials.restore(material=material, by=worker.by, at=AT + 4 * MINUTE)
    worker.tick(AT + HOUR)
    assert worker.texts("cat") == ["Step a"]


def test_a_template_gives_its_text_until_the_text_is_changed(worker: Worker) -> None:
    template = message_templates.create(
        community=worker.shop,
        name="Hello",
        purpose="welcome",
        texts={"A": "Hello {name|there}"},
        by=worker.by,
        at=AT,
    )
    version = template.texts["A"].pk
    step = {**send("a", text="", template=version), "channel": "fake"}
    playbook = worker.playbook(step, on=False)
    assert playbook.draft["steps"][0]["text"] == "Hello {name|there}"
    changed = {**step, "text": "Hi {name|there}"}
    playbooks.update(
        playbook=playbook,
        definition={**playbook.draft, "steps": [changed]},
        by=worker.by,
        at=AT,
    )
    assert "template" not in playbook.draft["steps"][0]
    with pytest.raises(message_templates.TemplateNotFound):
        worker.playbook({**step, "template": version + 1}, name="Other")


# Variants

VARIANTS = [
    Variant("vip", "For you", rule={"tag": {"any": ["vip"]}}),
    Variant("b", "B", share=30),
    Variant("c", "C", share=20),
]


@given(
    people=st.sets(st.integers(1, 5_000), min_size=1, max_size=60),
    vips=st.sets(st.integers(1, 5_000), max_size=20),
    number=st.integers(1, 5),
)
def test_variants_are_by_rule_first_and_stable_by_chance(
    people: set[int], vips: set[int], number: int
) -> None:
    def draw(chosen: set[int], redraw: str, run: int = number) -> dict[int, str]:
        salt = variants.salt("p a", run, redraw)
        return variants.draw(
            VARIANTS, chosen, salt=salt, holds=lambda rule, person: person in vips
        )

    found = draw(people, Redraw.KEEP)
    assert {person for person in people if found[person] == "vip"} == people & vips
    for person in people:
        # Alone, later, and in another run somebody gets what they got.
        assert draw({person}, Redraw.KEEP, number + 1) == {person: found[person]}


def test_shares_are_as_chosen_and_a_redraw_draws_again() -> None:
    everybody = range(1, 1_000_001)
    salt = variants.salt("p a", 1, Redraw.KEEP)
    found = variants.draw(VARIANTS[1:], everybody, salt=salt, holds=lambda r, p: False)
    sizes = dict.fromkeys(("", "b", "c"), 0)
    for name in found.values():
        sizes[name] += 1
    # Journeys, row 19: within 0.1 percentage points.
    assert all(
        abs(sizes[name] - share * 10_000) <= 1_000
        for name, share in (("", 50), ("b", 30), ("c", 20))
    )
    # The same on another machine, and after a restart.
    assert [found[person] for person in range(1, 9)] == [
        "", "c", "", "", "", "", "c", "",
    ]  # fmt: skip
    again = variants.draw(
        VARIANTS[1:],
        range(1, 1_001),
        salt=variants.salt("p a", 2, Redraw.DRAW),
        holds=lambda r, p: False,
    )
    assert 300 < sum(again[person] != found[person] for person in again) < 900


@pytest.mark.parametrize("redraw", ["keep", "draw"])
def test_messages_have_variants_that_results_compare(
    worker: Worker, redraw: str
) -> None:
    factories.tag(worker.shop, "vip")
    keys = [f"m{n}" for n in range(30)]
    worker.members(*keys)
    factories.apply_tag(worker.shop, "vip", "m0", at=AT)
    texts = variants.to_json(VARIANTS)
    playbook = worker.playbook(
        send("a", variants=texts, redraw=redraw), again={"mode": "restart"}
    )
    for turn in range(2):
        for key in keys:
            worker.order(key, AT + turn * HOUR, key=f"{key} {turn}")
        worker.tick(AT + turn * HOUR)
    assert worker.texts("m0") == ["For you"] * 2
    by_person: dict[int, set[str]] = {}
    for target, variant in Message.objects.values_list("target_id", "variant"):
        by_person.setdefault(target, set()).add(variant)
    assert any(len(found) > 1 for found in by_person.values()) == (redraw == "draw")
    (test,) = variant_results.measure(playbook=playbook, by=worker.by, at=AT + 2 * HOUR)
    assert {each.name for each in test.sides} == {"", "vip", "b", "c"}
    assert sum(each.people for each in test.sides) >= 30
    compared = {each.treated.name for each in test.comparisons}
    assert compared == {"b", "c"}


# Who does it


def _mark(worker: Worker, key: str, staff: Any) -> int:
    account = account_queries.get(worker.shop, key).pk
    owner = factories.staff(worker.shop, login=f"owner-{key}")
    staff_accounts.mark(accounts=[account], staff=staff, by=owner, at=AT)
    return account


def test_a_step_goes_to_who_has_the_role_in_the_group(worker: Worker) -> None:
    worker.members("bob", "cat", "xia")
    dan = factories.staff(worker.shop, "operator", "dan", name="Dan")
    north = factories.group(worker.shop, "north", "bob", "xia")
    south = factories.group(worker.shop, "south", "cat", owner=worker.by)
    expert = _mark(worker, "xia", dan)
    memberships.change_role(
        group=north, account=expert, role="expert", by=worker.by, at=AT
    )
    entry = {"on": "founding", "offset": 0, "time": "00:00"}
    role = {"role": "expert", "without_role": "in_charge"}
    of_groups: dict[str, Any] = {"for": "group", "entry": entry, "name": "Of groups"}
    task = {"id": "t", "kind": "staff_task", "text": "Say hello", **role}
    worker.playbook(
        {**send("a", **role), "channel": "assisted"},
        task,
        {"id": "n", "kind": "notify", "text": "A new group", "role": "in_charge"},
        at=AT - 30 * HOUR,
        **of_groups,
    )
    worker.tick(AT + MINUTE)
    posted = {m.target_id: m.staff for m in Message.objects.all()}
    assert posted == {north.pk: dan, south.pk: worker.by}
    tasks = {n.target_id: n for n in StaffNotice.objects.filter(due_at__isnull=False)}
    assert (tasks[north.pk].staff, tasks[south.pk].staff) == (dan, worker.by)
    # Nobody is in charge of the north, so that the notice is held there.
    held = Run.objects.get(state="held")
    assert (held.target_id, held.held_for) == (north.pk, "role")
    assert RunStep.objects.filter(run=held, step="n").count() == 0
    (task_of_dan,) = staff_notices.list_open(by=dan, at=AT + MINUTE)
    staff_notices.mark_done(notice=task_of_dan, by=dan, at=AT + HOUR)
    with pytest.raises(staff_notices.NoticeAlreadyDone):
        staff_notices.mark_done(notice=task_of_dan, by=dan, at=AT + HOUR)
    with pytest.raises(staff_notices.NoticeNotFound):
        staff_notices.get(by=worker.by, pk=task_of_dan.pk)
    done = factories.recorded_facts(worker.shop, "staff_notice.done")
    assert done[0][1] == {"playbook": "Of groups", "staff": "Dan"}


def test_the_person_in_charge_of_a_member_is_notified(worker: Worker) -> None:
    (bob,) = worker.members("bob")
    factories.tag(worker.shop, "vip")
    dan = factories.staff(worker.shop, "operator", "dan", name="Dan")
    steps: tuple[dict[str, Any], ...] = (
        {"id": "n", "kind": "notify", "text": "Look", "role": "in_charge"},
        wait("w", 60),
    )
    worker.playbook(*steps)
    worker.order("bob", AT)
    worker.tick(AT)
    assert Run.objects.get().held_for == "role"
    assignments.assign(
        community=worker.shop, accounts=[bob], staff=dan, by=worker.by, at=AT
    )
    worker.tick(AT + 20 * MINUTE)
    (notice,) = staff_notices.list_open(by=dan, at=AT + HOUR)
    assert (notice.text, notice.target_id) == ("Look", bob)
    # What they may not see any more is not shown to them.
    dan.scope = dan.own_scope = {"tag": {"any": ["vip"]}}
    dan.save()
    assert staff_notices.list_open(by=dan, at=AT + HOUR) == []


def test_definitions_with_all_fields_survive_their_json_form() -> None:
    step = {
        "id": "a",
        "kind": "send",
        "text": "Hello",
        "materials": [4, 2],
        "template": 7,
        "variants": variants.to_json(VARIANTS),
        "redraw": "draw",
        "role": "owner",
        "without_role": "staff",
        "staff": "ann",
        "if_undone": {
            "do": "hand_over",
            "hours": 5,
            "staff": "",
            "role": "in_charge",
            "without_role": "hold",
        },
    }
    entry = {"on": "fact", "fact": "order.paid"}
    found = definitions.parse({"entry": entry, "steps": [step]})
    assert found.to_json()["steps"] == [step]
    assert definitions.parse(found.to_json()) == found
