"""Riddles, guesses and chains of idioms in a chat."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Answer
from qunce.activities.games import attempts, pages, payouts, rules, rulings, scores
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from tests import factories
from tests.activities import running
from tests.activities.games import builders
from tests.activities.games.builders import END, SECOND
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def ids(by: Staff) -> list[int]:
    return factories.named_members(by.community, "ann", "bob", "cy")


@pytest.fixture
def room(by: Staff, ids: list[int]) -> Group:
    group: Group = factories.group(by.community, "room", *ids)
    return group


def test_a_number_is_too_low_or_too_high_until_somebody_has_it(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = builders.game(by, "guess", builders.question("1 to 100", "42"))
    ann, bob, _cy = ids
    assert builders.say(activity, ann, "guess")
    assert not builders.say(activity, ann, "hello", group=room.pk)
    for n, (who, text) in enumerate([(ann, "50"), (bob, "４０"), (ann, "42.0")]):
        assert builders.say(activity, who, text, AT + n * SECOND, group=room.pk)
    texts = list(Answer.objects.order_by("pk").values_list("text", flat=True))
    assert texts[1:] == [
        "50 is too high.",
        "40 is too low.",
        "Right, and you were the first: 10 points.",
    ]
    assert not builders.say(activity, bob, "43", AT + 9 * SECOND, group=room.pk)


def test_the_first_who_solves_a_riddle_gets_its_points(
    by: Staff, ids: list[int], room: Group
) -> None:
    row = builders.question("White, falls in winter", "雪", others="snow")
    activity = builders.game(by, "riddle", row, by_sound=True)
    assert builders.say(activity, ids[0], "riddle", group=room.pk)
    assert builders.say(activity, ids[1], "鳕", AT + SECOND, group=room.pk)
    assert GameAnswer.objects.get().outcome == "right"


def words(activity_id: int) -> list[tuple[str, str]]:
    rows = GameAnswer.objects.filter(round__activity=activity_id).order_by("pk")
    return list(rows.values_list("word", "outcome"))


def test_a_chain_goes_on_with_the_last_character_or_its_sound(
    by: Staff, ids: list[int], room: Group
) -> None:
    activity = builders.chain(by)
    ann, bob, cy = ids
    said = [
        (ann, "意气风发！", True),
        (ann, "发扬光大", True),  # nobody follows themselves
        (bob, "发扬光大", True),
        (cy, "我不知道", False),
        (cy, "大家晚上好", True),  # begins as it should, so that staff can rule
        (cy, "画蛇添足", True),  # an idiom that does not follow
        (cy, "意气风发", True),
        (ann, "今天下午开会吗", False),
        (cy, "大公无私", True),
        (ann, "丝丝入扣", True),  # 私 and 丝 sound alike
    ]
    for n, (who, text, is_taken) in enumerate(said):
        at = AT + n * SECOND
        assert builders.say(activity, who, text, at, group=room.pk) is is_taken, text
    assert words(activity.pk) == [
        ("意气风发", "right"),
        ("发扬光大", "own_turn"),
        ("发扬光大", "right"),
        ("大家晚上好", "not_idiom"),
        ("画蛇添足", "wrong_start"),
        ("意气风发", "wrong_start"),
        ("大公无私", "right"),
        ("丝丝入扣", "right"),
    ]
    facts = factories.recorded_facts(by.community, "activity.answered")
    # What counts is told in the group, at most once in 10 minutes; nobody is answered.
    assert [(f["is_direct"], f["in_group"]) for _who, f in facts] == [
        (False, "state")
    ] * 4
    context = pages.portal_context(activity, ann, AT + 20 * SECOND)
    assert (context["chain"]["last"], context["chain"]["count"]) == ("丝丝入扣", 4)
    assert context["own_place"].points == 2


def test_without_homophones_the_character_itself_is_needed(
    by: Staff, ids: list[int]
) -> None:
    activity = builders.chain(by, "大公无私", homophones=False)
    assert running.join(activity, ids[0], said="丝丝入扣").code == "wrong_start"
    assert running.join(activity, ids[0], said="私心杂念", key="2").code == "not_idiom"
    assert running.join(activity, ids[0], said="私淑弟子", key="3").accepted


def test_other_words_of_the_dictionary_count_if_wanted(
    by: Staff, ids: list[int]
) -> None:
    activity = builders.chain(by, "大公无私", any_word=True)
    assert running.join(activity, ids[0], said="私心杂念").accepted
    assert running.join(activity, ids[1], said="念天地悠悠").code == "not_idiom"


def test_staff_let_a_word_count_with_one_tap(by: Staff, ids: list[int]) -> None:
    activity = builders.chain(by, "画蛇添足")
    ann, bob, cy = ids
    assert not running.join(activity, ann, said="足不出户外").accepted
    answer = GameAnswer.objects.get()
    rulings.rule(answer=answer, counts=True, by=by, at=AT)
    own = rules.of(activity)
    assert attempts.last_word(activity, own) == "足不出户外"
    assert running.join(activity, bob, said="外强中干").accepted
    # What others followed stays, and does not score.
    rulings.rule(answer=answer, counts=False, by=by, at=AT)
    assert attempts.last_word(activity, own) == "外强中干"
    assert [score.who for score in scores.rank(activity, AT)] == [bob]
    last = GameAnswer.objects.latest("pk")
    rulings.rule(answer=last, counts=False, by=by, at=AT)
    assert attempts.last_word(activity, own) == "画蛇添足"
    assert running.join(activity, cy, said="足智多谋").accepted


def test_who_adds_the_most_is_ahead_at_the_end(by: Staff, ids: list[int]) -> None:
    activity = builders.chain(by)
    ann, bob, _cy = ids
    for n, (who, text) in enumerate(
        [(ann, "意气风发"), (bob, "发扬光大"), (ann, "大公无私")]
    ):
        running.join(activity, who, AT + n * SECOND, said=text)
    builders.close(activity)
    assert running.join(activity, bob, END, said="私相授受", key="l").code == "not_open"
    payouts.pay_due(at=END + payouts.DELAY)
    rows = GameResult.objects.order_by("place").values_list("account_id", "points")
    assert list(rows) == [(ann, 2), (bob, 1)]
    assert Round.objects.get().closed_by == "end"


def test_a_chain_needs_an_idiom_to_start_and_an_end(by: Staff) -> None:
    with pytest.raises(payouts.NotPublishable, match="starts"):
        builders.chain(by, "")
    with pytest.raises(payouts.NotPublishable, match="needs an end"):
        running.running(by, "idiom_chain", settings={"start": "一心一意"})
