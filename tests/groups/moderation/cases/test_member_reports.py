from __future__ import annotations

from qunce.core.facts.facts import RecordedFact
from qunce.groups.moderation.cases import cases, member_reports
from qunce.groups.moderation.cases.member_reports import ReportedMessage
from qunce.groups.moderation.models import Action, Case, CaseState, Mode, Strike
from qunce.groups.moderation.staff_decisions import case_decisions
from tests import factories
from tests.factories import AT
from tests.groups.moderation.conftest import Chat


def report(chat: Chat, reporter: str, key: str = "$m50", author: str = "bob") -> None:
    member_reports.report(
        group=chat.group,
        reporter=chat.people[reporter],
        message=ReportedMessage(
            key=key,
            happened_at=AT,
            account=chat.people[author],
            text="good morning",
            name="Bob",
        ),
        text="spam",
        at=chat.now,
    )


def test_thirty_fake_reporters_change_nothing_but_the_queue(chat: Chat) -> None:
    chat.rule()
    fakes = [f"fake{number}" for number in range(30)]
    chat.join(*fakes)

    for fake in fakes:
        report(chat, fake)
        report(chat, fake)
    chat.run()

    assert chat.done() == []
    assert not Action.objects.exists()
    assert not Strike.objects.exists()
    (case,) = cases.list_queue(by=chat.by, at=chat.now)
    assert len(member_reports.list_of(case, by=chat.by, at=chat.now)) == 30


def test_one_reporter_does_not_fill_the_queue_alone(chat: Chat) -> None:
    for number in range(member_reports.MAX_PER_DAY + 10):
        report(chat, "eve", key=f"$fake{number}")
    report(chat, "carl", key="$real")
    assert cases.count_queue(by=chat.by, at=chat.now) == member_reports.MAX_PER_DAY + 1
    chat.wait(days=1)
    report(chat, "eve", key="$later")
    assert cases.count_queue(by=chat.by, at=chat.now) == member_reports.MAX_PER_DAY + 2


def answers(chat: Chat) -> list[tuple[int | None, bool]]:
    rows = factories.recorded_facts(chat.community, "moderation.report_answered")
    return [(account, payload["right"]) for account, payload in rows]


def settle(chat: Chat, number: int) -> None:
    fact = RecordedFact(
        id=1,
        community=chat.community.pk,
        kind="moderation.case_confirmed",
        account=None,
        group=None,
        happened_at=AT,
        recorded_at=AT,
        actor=None,
        source=None,
        payload={"case": number},
    )
    for _time in range(2):
        member_reports.answer_settled(
            community=chat.community, facts=[fact], at=chat.now
        )


def test_each_reporter_gets_one_answer_when_the_case_is_settled(chat: Chat) -> None:
    chat.join("dora")
    report(chat, "eve")
    report(chat, "dora")
    case = Case.objects.get()

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    settle(chat, case.number)

    assert answers(chat) == [(chat.people["eve"], True), (chat.people["dora"], True)]
    assert member_reports.trust_of(chat.people["eve"]) == member_reports.Trust(1, 1)


def test_what_was_only_observed_comes_to_the_queue_by_a_report(chat: Chat) -> None:
    chat.rule(Mode.OBSERVE)
    case = chat.caught("bob")

    report(chat, "eve", case.message_key)

    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    assert Case.objects.count() == 1


def test_nobody_reports_themselves(chat: Chat) -> None:
    report(chat, "bob")
    assert not Case.objects.exists()
    report(chat, "eve")
    assert Case.objects.exists()


def test_a_report_of_an_unknown_message_waits_with_what_is_known(chat: Chat) -> None:
    message = member_reports.find_message(chat.group, "$gone", AT)
    case = member_reports.report(
        group=chat.group, reporter=chat.people["eve"], message=message, at=AT
    )

    assert case is not None
    assert (case.account_id, case.text, case.message_key) == (None, "", "$gone")
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()
    assert chat.done() == ["delete $gone"]
