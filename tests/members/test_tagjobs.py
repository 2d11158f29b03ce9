"""K7 · many are tagged in the background; stopped anywhere, it goes on."""

from __future__ import annotations

import pytest

from qunce.core import access, work
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import people, roster, tagging, tagjobs
from qunce.sets import bitmaps
from tests.members import made
from tests.members.made import AT, LATER

pytestmark = pytest.mark.both_databases
VIP = {"tag": {"any": ["vip"]}}


def begin(shop: Community, by: Operator, does: str = "put") -> tagjobs.TagJob:
    people = bitmaps.of(made.members(shop, *"abcde"))
    vip = made.tag(shop, "vip")
    return tagjobs.start(tag=vip, does=does, people=people, by=by, at=AT)


def test_it_is_done_once_and_undone_as_one(shop: Community, by: Operator) -> None:
    job = begin(shop, by)
    (due,) = work.Work.objects.filter(duty=tagjobs.DUTY)
    for _twice in range(2):
        tagjobs.run(due.key, at=LATER)
    job = tagjobs.get(by=by, pk=job.pk)
    assert (job.done, job.batch.changed, job.error) == (5, 5, "")
    assert made.who(shop, VIP) == list("abcde")
    tagging.undo(batch=job.batch, by=by, at=LATER)
    assert made.who(shop, VIP) == []


def test_a_stop_in_the_middle_loses_and_doubles_nothing(
    shop: Community, by: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(shop, by)
    work_one, turns = tagjobs._work, []

    def killed(*given: object) -> None:
        turns.append(1)
        if len(turns) == 2:
            raise KeyboardInterrupt
        work_one(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(roster, "CHUNK", 2)
    monkeypatch.setattr(roster.chunks, "__defaults__", (2,))
    monkeypatch.setattr(tagjobs, "_work", killed)
    with pytest.raises(KeyboardInterrupt):
        tagjobs.run(str(job.pk), at=LATER)
    assert made.who(shop, VIP) == ["a", "b"]
    monkeypatch.setattr(tagjobs, "_work", work_one)
    tagjobs.run(str(job.pk), at=LATER)
    assert made.who(shop, VIP) == list("abcde")
    assert tagjobs.get(by=by, pk=job.pk).batch.changed == 5


def test_who_is_erased_meanwhile_is_passed_over(shop: Community, by: Operator) -> None:
    job = begin(shop, by)
    people.erase(account=roster.get(shop, "b"), by=by, at=AT)
    tagjobs.run(str(job.pk), at=LATER)
    assert made.who(shop, VIP) == list("acde")


def test_taking_off(shop: Community, by: Operator) -> None:
    tagjobs.run(str(begin(shop, by).pk), at=AT)
    vip = tagjobs.TagJob.objects.get().tag
    chosen = bitmaps.of([roster.get(shop, "a").pk])
    job = tagjobs.start(tag=vip, does="take", people=chosen, by=by, at=AT)
    tagjobs.run(str(job.pk), at=LATER)
    assert made.who(shop, VIP) == list("bcde")


def test_others_do_not_see_it(shop: Community, by: Operator) -> None:
    job = begin(shop, by)
    olga = made.staff(shop, "operator", login="olga")
    stranger = made.staff(made.shop("other"), login="eve")
    for staff in (olga, stranger):
        with pytest.raises(tagjobs.UnknownJob):
            tagjobs.get(by=staff, pk=job.pk)
    viewer = made.staff(shop, "viewer", login="vic")
    nobody = bitmaps.of([])
    with pytest.raises(access.NotAllowed):
        tagjobs.start(tag=job.tag, does="put", people=nobody, by=viewer, at=AT)
