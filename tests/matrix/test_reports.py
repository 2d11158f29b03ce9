"""Messages that members report in their app, on a real homeserver (V9)."""

from __future__ import annotations

from collections.abc import Callable

from qunce import channel_jobs
from qunce.channels.accounts import accounts
from qunce.groups.moderation.models import Action, Case, CaseState, MemberReport
from tests.matrix.members import Member
from tests.matrix.site import Site, now

Register = Callable[..., list[Member]]
REPORTERS = 30


def test_thirty_reporters_change_nothing_but_the_queue(
    site: Site, register: Register
) -> None:
    """Thirty report one message: one case waits, and the message stays."""
    site.make_admin()
    assert "reports_hidden" not in site.problems()
    owner, ann = register("owner", "ann")
    reporters = register(*(f"fake{number}" for number in range(REPORTERS)))
    room = site.open_room(owner, ann, *reporters, name="Tea")
    sent = ann.say(room, "I like the other shop")
    site.receive()
    channel_jobs.poll(at=now())
    for each in reporters:
        each.report(room, sent, "spam")
    # Twice, as a report is read once.
    for _time in range(2):
        channel_jobs.poll(at=now())
        site.step()

    case = Case.objects.get(community=site.community)
    assert (case.state, case.text) == (CaseState.OPEN, "I like the other shop")
    assert MemberReport.objects.filter(case=case).count() == REPORTERS
    assert not Action.objects.exists()
    assert owner.texts(room, by=ann.id) == ["I like the other shop"]
    assert ann.id in site.members(room)


def test_reports_that_the_token_may_not_read_are_a_hint(
    site: Site, register: Register
) -> None:
    """A token that may not read reports works, and the page says what is missing."""
    owner, ann = register("owner", "ann")
    room = site.open_room(owner, ann, name="Tea")
    ann.report(room, owner.say(room, "hello"), "rude")
    assert site.problems() == ["reports_hidden"]
    site.account.refresh_from_db()
    assert not accounts.has_problems(site.account)
    channel_jobs.poll(at=now())
    assert not Case.objects.exists()

    # Made an administrator, what was reported since the connection is read.
    site.make_admin()
    assert site.problems() == []
    channel_jobs.poll(at=now())
    assert Case.objects.get().state == CaseState.OPEN
