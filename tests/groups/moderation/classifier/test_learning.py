from __future__ import annotations

from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.models import Case, CaseState, LearnedModel, Mode
from qunce.groups.moderation.staff_decisions import case_decisions
from tests.groups.moderation.conftest import Chat

ADVERTS = [
    "低价代购包包加微信",
    "刷单兼职日结三百",
    "高仿名表批发联系我",
    "贷款秒到账免审核",
]
CHATS = ["今天的豆子真香", "周末一起爬山吗", "孩子作业写完了吗", "明天几点开门"]


def settle(chat: Chat, texts: list[str], verdict: str) -> None:
    """Twenty-five settled cases, which vary by their end."""
    for number in range(25):
        case = chat.caught(f"p{number}", f"shoes {texts[number % 4]}{number}")
        Case.objects.filter(pk=case.pk).update(
            text=f"{texts[number % 4]}{number}", verdict=verdict, decided_at=chat.now
        )


def test_a_guess_raises_a_case_and_never_acts(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    settle(chat, ADVERTS, "right")
    settle(chat, CHATS, "wrong")
    learned_models.train_due(at=chat.now)
    rule = chat.rule(
        name="Guess",
        checks=[{"check": "classified", "options": {}}],
        ladder=chat.ladder({"strikes": 1, "rung": "ban"}),
    )
    assert rule.mode == Mode.ACT

    case = chat.caught("eve", "低价代购名表加微信")

    assert (case.state, case.rule) == (CaseState.OPEN, rule)
    assert chat.done() == []
    assert chat.say("eve", "周末开门吗孩子") is None


def test_what_is_undone_is_unlearned(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    settle(chat, ADVERTS, "right")
    settle(chat, CHATS, "wrong")
    assert learned_models.train(chat.community, at=chat.now)
    assert LearnedModel.objects.get().unwanted == 25
    chat.wait(hours=1)

    case = Case.objects.filter(verdict="right").order_by("pk")[0]
    Case.objects.filter(pk=case.pk).update(state=CaseState.CONFIRMED)
    case.refresh_from_db()
    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    learned_models.train_due(at=chat.now)

    row = LearnedModel.objects.get()
    assert (row.unwanted, row.wanted) == (24, 26)


def test_too_few_cases_teach_nothing(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)

    assert not learned_models.train(chat.community, at=chat.now)
    assert learned_models.find(chat.community) is None
