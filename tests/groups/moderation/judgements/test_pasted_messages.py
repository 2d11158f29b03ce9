from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.groups.lists.models import ListEntry
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.judgements.pasted_messages import Pasted
from qunce.groups.moderation.models import Action, CaseState
from qunce.groups.moderation.staff_decisions import case_decisions
from tests import factories
from tests.groups.moderation.conftest import Chat


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "李四 2026-03-05 21:30:12\n加微信 abc\n便宜\n\n王五 2026/3/5 21:31\n在吗",
            [
                Pasted("李四", "加微信 abc\n便宜", "2026-03-05 21:30:12"),
                Pasted("王五", "在吗", "2026/3/5 21:31"),
            ],
        ),
        (
            "李四:\n加微信 abc\n王五：\n在吗",
            [Pasted("李四", "加微信 abc"), Pasted("王五", "在吗")],
        ),
        (
            "李四：加微信 abc\n王五: 在吗",
            [Pasted("李四", "加微信 abc"), Pasted("王五", "在吗")],
        ),
        ("cheap shoes", [Pasted("", "cheap shoes")]),
        ("one\n\ntwo\r\nthree", [Pasted("", "one"), Pasted("", "two\nthree")]),
    ],
)
def test_what_wechat_copies_is_understood(text: str, expected: list[Pasted]) -> None:
    assert pasted_messages.parse(text) == expected


def test_messages_without_a_name_have_the_one_that_was_typed() -> None:
    assert pasted_messages.parse("shoes", "李四") == [Pasted("李四", "shoes")]


@pytest.mark.parametrize("text", ["", " \n ", "x" * 100_001, "a\n\n" * 301, "a\0b"])
def test_what_cannot_be_judged_is_refused(text: str) -> None:
    with pytest.raises(pasted_messages.InvalidPaste):
        pasted_messages.parse(text)


def test_an_advert_of_plain_wechat_becomes_a_task_and_a_blacklist_entry(
    chat: Chat,
) -> None:
    chat.rule()
    group = factories.group(chat.community, "tea", name="Tea", platform="wechat")

    verdicts = pasted_messages.judge(
        group=group,
        text="Shoe King 2026-03-05 21:30\ncheap shoes\n\nBob 2026-03-05 21:31\nhello",
        by=chat.by,
        at=chat.now,
    )

    assert [verdict.case is not None for verdict in verdicts] == [True, False]
    case = verdicts[0].case
    assert case is not None
    assert (case.state, case.author_name) == (CaseState.OPEN, "Shoe King")
    pasted_messages.remove(case=case, by=chat.by, at=chat.now)
    chat.run()

    action = Action.objects.get()
    assert (action.kind, action.state, action.name) == (
        "ban",
        "with_staff",
        "Shoe King",
    )
    entry = ListEntry.objects.get()
    assert (entry.channel, entry.channel_key, entry.name) == (
        "wechat",
        "Shoe King",
        "Shoe King",
    )


def test_a_known_name_is_that_member(chat: Chat) -> None:
    chat.rule()

    (verdict,) = pasted_messages.judge(
        group=chat.group, text="shoes", name="Eve", by=chat.by, at=chat.now
    )

    assert verdict.case is not None
    assert verdict.case.responsible_id == chat.people["eve"]
    pasted_messages.remove(case=verdict.case, by=chat.by, at=chat.now)
    chat.run()
    assert chat.done() == ["ban eve"]
    assert ListEntry.objects.get().account_id == chat.people["eve"]


def test_the_same_paste_again_is_the_same_case(chat: Chat) -> None:
    chat.rule()
    pasted: dict[str, Any] = {
        "group": chat.group,
        "text": "shoes",
        "by": chat.by,
        "at": chat.now,
    }

    (first,) = pasted_messages.judge(**pasted)
    (second,) = pasted_messages.judge(**pasted)

    assert first.case == second.case


def test_whom_the_rules_do_not_concern_is_said(chat: Chat) -> None:
    from qunce.groups import memberships

    chat.rule()
    memberships.change_role(
        group=chat.group,
        account=chat.people["eve"],
        role="service",
        by=chat.by,
        at=chat.now,
    )

    (verdict,) = pasted_messages.judge(
        group=chat.group, text="shoes", name="Eve", by=chat.by, at=chat.now
    )

    assert (verdict.case, verdict.exemption) == (None, "staff")


def test_who_is_on_the_blacklist_is_recognised_in_every_group(chat: Chat) -> None:
    chat.rule()
    tea, cake = (
        factories.group(chat.community, key, name=key, platform=platform)
        for key, platform in (("tea", "wechat"), ("cake", "offline"))
    )
    common: dict[str, Any] = {"by": chat.by, "at": chat.now}
    (advert,) = pasted_messages.judge(group=tea, text="shoes", name="King", **common)
    assert advert.case is not None
    pasted_messages.remove(case=advert.case, **common)

    verdicts = pasted_messages.judge(group=cake, text="King: hi\nBob: hi", **common)

    case = verdicts[0].case
    assert case is not None and verdicts[1].case is None
    assert (case.rung, case.rule, case.findings) == ("ban", None, [])
    assert pasted_messages.find_listed(case, **common) == ListEntry.objects.get()


def test_undoing_a_removal_takes_the_name_off_the_blacklist(chat: Chat) -> None:
    chat.rule()
    tea = factories.group(chat.community, "tea", name="Tea", platform="wechat")
    common: dict[str, Any] = {"by": chat.by, "at": chat.now}
    (verdict,) = pasted_messages.judge(group=tea, text="shoes", name="King", **common)
    assert verdict.case is not None
    pasted_messages.remove(case=verdict.case, **common)

    case_decisions.undo(case=verdict.case, **common)

    assert ListEntry.objects.get().ended_at == chat.now
    (again,) = pasted_messages.judge(group=tea, text="hi", name="King", **common)
    assert again.case is None


def test_a_pasted_message_is_deleted_by_hand(chat: Chat) -> None:
    chat.rule()
    tea = factories.group(chat.community, "tea", name="Tea", platform="wechat")
    common: dict[str, Any] = {"by": chat.by, "at": chat.now}
    (verdict,) = pasted_messages.judge(group=tea, text="shoes", name="King", **common)
    assert verdict.case is not None

    case_decisions.confirm(case=verdict.case, rung="delete", **common)
    chat.run()

    action = Action.objects.get()
    assert (action.kind, action.state, action.name) == ("delete", "with_staff", "King")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        # The community's clock is eight hours ahead of UTC; it is 11:00 there.
        ("2026-03-05 21:30", datetime(2026, 3, 5, 13, 30, tzinfo=UTC)),
        ("2026年3月5日 21:30:12", datetime(2026, 3, 5, 13, 30, 12, tzinfo=UTC)),
        ("10:59", datetime(2026, 3, 10, 2, 59, tzinfo=UTC)),
        ("11:01", datetime(2026, 3, 9, 3, 1, tzinfo=UTC)),
        # No time of the past: that of pasting.
        ("2026-03-11 00:00", None),
        ("2026-02-30 10:00", None),
        ("1999-01-01 10:00", None),
        ("25:10", None),
    ],
)
def test_a_case_has_the_time_that_is_written_in_the_paste(
    chat: Chat, written: str, expected: datetime | None
) -> None:
    chat.community.timezone = "Asia/Shanghai"
    chat.community.save()
    chat.group.refresh_from_db()
    now = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
    chat.rule()

    text = f"Shoe King {written}\ncheap shoes"
    (verdict,) = pasted_messages.judge(group=chat.group, text=text, by=chat.by, at=now)

    assert verdict.case is not None
    assert verdict.case.happened_at == (expected or now)
    assert verdict.case.opened_at == now


def test_a_pasted_advert_with_and_without_its_picture_is_one_case(chat: Chat) -> None:
    chat.rule()

    def paste(text: str) -> Any:
        (verdict,) = pasted_messages.judge(
            group=chat.group, text=text, name="Eve", by=chat.by, at=chat.now
        )
        return verdict.case

    assert paste("cheap shoes") == paste("[图片]cheap shoes [Image]")
    assert paste("cheap shoes") != paste("cheap red shoes")
