"""Taking an answer: the shell around the pure decisions.

Of two who are right at the same time, one is first: the round is locked while it is
decided, and its winner is set only where there is none.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet

from qunce.activities.activities import entries
from qunce.activities.activities.kind_contract import Attempt, InGroup, Reply
from qunce.activities.activities.models import Way
from qunce.activities.games import (
    answers,
    deciders,
    game_facts,
    game_texts,
    idioms,
    rounds,
    rules,
    scores,
)
from qunce.activities.games.deciders import (
    ChainState,
    Message,
    Outcome,
    QuestionState,
    Span,
    Verdict,
)
from qunce.activities.games.models import MAX_ANSWER, Closed, Game, GameAnswer, Round
from qunce.activities.games.rules import Asked, Pace, Rules
from qunce.activities.games.standings import RIGHT
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity

NUMBERED = re.compile(r"#(\d{1,2})(?:[\s,]+(.*))?", re.DOTALL)
"""What the page says: the question, and what was answered."""
SAID_NUMBER = re.compile(r"(\d{1,2})(?:\s*[.、:：)）]\s*|\s+)(\S.*)", re.DOTALL)
"""What members write where all questions are open: “3 Beijing”."""
MINUTE = timedelta(minutes=1)
"""Pasted lines have no seconds."""
MAX_HEARD = 40
SLACK = 6
"""Characters that a wrong answer may have more than twice the longest right one."""


# Verbs


def take_part(attempt: Attempt) -> Reply:
    """Take an answer, or answer with the question if nothing was said."""
    own = rules.of(attempt.activity)
    if attempt.is_rehearsal:
        return Reply(text=game_texts.rehearsal(attempt.activity, own))
    if _is_decided(attempt.activity):
        text = game_texts.outcome(Outcome.LATE)
        return Reply(text=text, accepted=False, code="not_open", is_ignored=True)
    number, said = _read(attempt, own)
    rounds.ensure(attempt.activity, own, number or 1, attempt.at)
    if not said:
        entries.join(attempt)
        return Reply(text=_current_text(attempt, own))
    row, moment = _find_round(attempt, own, number)
    if row is None or not answers.normalise(said):
        text = game_texts.no_question()
        return Reply(text=text, accepted=False, code="no_question", is_ignored=True)
    asked = own.find(row.number)
    verdict = _answer(attempt, own, asked, row, said, moment)
    if verdict.outcome in deciders.STORED:
        entries.join(attempt)
    return _reply(attempt, own, asked, verdict, said, row)


def _is_decided(activity: Activity) -> bool:
    return Game.objects.filter(activity=activity, decided_at__isnull=False).exists()


def _read(attempt: Attempt, own: Rules) -> tuple[int | None, str]:
    """The question that an answer names, and what it says."""
    said = attempt.said.strip()
    numbered = NUMBERED.fullmatch(said)
    if numbered is None and own.pace == Pace.ALL and not own.is_chain:
        numbered = SAID_NUMBER.fullmatch(said)
    if numbered is not None and own.find(int(numbered[1])) is not None:
        return int(numbered[1]), (numbered[2] or "").strip()
    if own.pace != Pace.ALL or own.is_chain:
        return None, said
    return find_open_number(attempt.activity, own, attempt.accounts), said


def _find_round(
    attempt: Attempt, own: Rules, number: int | None
) -> tuple[Round | None, datetime]:
    """The round that was open when it was said, or the last one before it."""
    moment = attempt.said_at or attempt.at
    rows = Round.objects.filter(activity=attempt.activity)
    if number is not None:
        rows = rows.filter(number=number)
    elif own.pace == Pace.ALL and not own.is_chain:
        return None, moment
    is_pasted = attempt.way == Way.PASTE and attempt.said_at is not None
    latest = moment + MINUTE if is_pasted else moment
    found = rows.filter(opened_at__lte=latest).select_related("activity__community")
    row = found.order_by("-number").first()
    if row is not None and is_pasted:
        moment = max(moment, row.opened_at)
    return row, moment


def _answer(
    attempt: Attempt,
    own: Rules,
    asked: Asked | None,
    row: Round,
    said: str,
    moment: datetime,
) -> Verdict:
    """Decide about an answer, and store what it is."""
    is_contest = own.is_chain or own.mode == deciders.Mode.FIRST
    while True:
        # Two answers of one person at the same time count one after the other, too.
        row.refresh_from_db(from_queryset=_locked())
        verdict = _decide(attempt, own, asked, row, said, moment)
        if verdict.outcome not in deciders.STORED:
            return verdict
        answer = GameAnswer.objects.create(
            round=row,
            account_id=attempt.account_id,
            person_id=attempt.person_id,
            said=said[:MAX_ANSWER],
            word=(idioms.read(said) or "") if own.is_chain else "",
            outcome=verdict.outcome,
            points=verdict.points,
            way=attempt.way,
            group_id=attempt.group_id,
            said_at=moment,
            at=attempt.at,
            by=attempt.by,
        )
        is_change = verdict.outcome == Outcome.RIGHT and is_contest
        if not is_change or _win(own, row, answer, attempt, moment):
            _note(attempt, own, row, verdict)
            return verdict
        # Somebody else was faster since the round was read, so that it is decided again.
        answer.delete()


def _locked() -> QuerySet[Round]:
    rows = Round.objects.select_related("activity__community")
    # As answers refer to it, whose writers may lock it, too.
    return rows.select_for_update(of=("self",), no_key=True)


def _win(
    own: Rules, row: Round, answer: GameAnswer, attempt: Attempt, moment: datetime
) -> bool:
    """Set the winner, or the last link; False if somebody else has since changed it."""
    rows = Round.objects.filter(pk=row.pk, turn=row.turn)
    if own.is_chain:
        return bool(rows.update(turn=F("turn") + 1, winner=answer))
    won = rows.filter(winner__isnull=True).update(turn=F("turn") + 1, winner=answer)
    if not won:
        return False
    # A pasted line may have been said before staff closed the question.
    is_open = Round.objects.filter(pk=row.pk, closed_at__isnull=True)
    if is_open.update(closed_at=moment, closed_by=Closed.WON):
        rounds.note_closed(row, by=attempt.by, at=attempt.at)
    return True


def _decide(
    attempt: Attempt,
    own: Rules,
    asked: Asked | None,
    row: Round,
    said: str,
    moment: datetime,
) -> Verdict:
    message = Message(attempt.person_id, said)
    is_won = row.winner_id is not None and own.mode == deciders.Mode.FIRST
    is_closed_by_win = row.closed_by == Closed.WON
    span = Span(row.opened_at, row.ends_at, None if is_closed_by_win else row.closed_at)
    given = GameAnswer.objects.filter(round=row)
    if own.is_chain:
        chain = _load_chain(own, row, given, span, attempt, said)
        return deciders.decide(own.chain, chain, message, moment)[1]
    if asked is None:
        return Verdict(Outcome.LATE)
    mine = given.filter(account_id__in=attempt.accounts)
    is_right = scores.filter_right(mine).exists()
    state = QuestionState(
        span=span,
        right=frozenset([attempt.person_id] if is_right else []),
        tries={attempt.person_id: mine.count()},
        won_at=(row.closed_at or moment) if is_won else None,
    )
    question = asked.question
    if question.tries is None:
        question = replace(question, tries=rules.MAX_TRIES)
    return deciders.decide(question, state, message, moment)[1]


def _load_chain(
    own: Rules,
    row: Round,
    given: QuerySet[GameAnswer],
    span: Span,
    attempt: Attempt,
    said: str,
) -> ChainState:
    """The state of a chain, of whose idioms only the one that was said matters."""
    last = GameAnswer.objects.filter(pk=row.winner_id or 0).first()
    word = idioms.read(said) or ""
    is_used = bool(word) and scores.filter_right(given.filter(word=word)).exists()
    who = None
    if last is not None:
        is_own = last.account_id in attempt.accounts
        who = attempt.person_id if is_own else last.person_id
        # The person who was before them may have been another one then.
        who = who if is_own or who != attempt.person_id else -1
    return ChainState(
        span=span,
        last=(last.word if last is not None else "") or own.start,
        used={own.start, word} if is_used else {own.start},
        last_who=who,
    )


def _note(attempt: Attempt, own: Rules, row: Round, verdict: Verdict) -> None:
    if own.kind != rules.QUIZ:
        return
    fact = game_facts.QuizAnswered(
        activity=row.activity_id,
        round=row.number,
        is_right=verdict.outcome in RIGHT,
        account=attempt.account_id,
        group=attempt.group_id,
    )
    facts.record(fact, community=row.activity.community, by=attempt.by, at=attempt.at)


# What is answered


def _current_text(attempt: Attempt, own: Rules) -> str:
    activity = attempt.activity
    if own.is_chain:
        return game_texts.chain_state(last_word(activity, own))
    if own.pace == Pace.ALL:
        number = find_open_number(activity, own, attempt.accounts)
        asked = own.find(number or 0)
        return game_texts.ask(asked, own) if asked else game_texts.all_answered()
    row = rounds.find_last(activity)
    asked = (
        own.find(row.number) if row is not None and is_open(row, attempt.at) else None
    )
    return game_texts.ask(asked, own) if asked else game_texts.wait()


def is_open(row: Round, at: datetime) -> bool:
    return Span(row.opened_at, row.ends_at, row.closed_at).has(at)


def _reply(
    attempt: Attempt,
    own: Rules,
    asked: Asked | None,
    verdict: Verdict,
    said: str,
    row: Round,
) -> Reply:
    """The answer, and who reads it: in a group nobody reads that a line was wrong."""
    outcome = verdict.outcome
    is_right = outcome in RIGHT
    text = game_texts.verdict(own, asked, verdict, said)
    if own.is_chain:
        text = f"{text} {game_texts.chain_state(last_word(row.activity, own))}"
    elif own.pace == Pace.ALL and outcome in deciders.STORED:
        number = find_open_number(row.activity, own, attempt.accounts)
        following = own.find(number or 0)
        if following is not None and following.number != row.number:
            text = f"{text}\n{game_texts.ask(following, own)}"
    is_quiet = attempt.is_heard and attempt.group_id is not None
    in_group = InGroup.NOTHING if is_quiet else InGroup.RECEIVED
    if own.is_chain and is_right:
        in_group = InGroup.STATE
    is_hint = outcome in (Outcome.LOW, Outcome.HIGH)
    return Reply(
        text=text,
        accepted=is_right or (outcome in deciders.STORED and not own.is_chain),
        code="" if is_right else outcome.value,
        is_direct=not is_quiet or is_hint or (is_right and not own.is_chain),
        in_group=in_group,
        is_ignored=outcome == Outcome.LATE,
    )


# Listening


def hear(activity: Activity, text: str) -> str | None:
    """What a line of a chat says for a game, None if it is about something else.

    While a question is open, a short line that asks nothing may be an answer to it. Once
    it is over, only a right one is.
    """
    said = text.strip()
    if "\n" in said or said.startswith(("/", "@", "＠")) or "://" in said:
        return None
    own = rules.of(activity)
    if own.is_chain:
        return _hear_link(activity, own, said)
    if own.pace == Pace.ALL or len(said) > MAX_HEARD:
        return None
    last = rounds.find_last(activity)
    if last is None:
        return None
    asked = own.find(last.number)
    if asked is not None and last.closed_at is None and _may_answer(own, asked, said):
        return said
    opened = own.questions[: last.number]
    is_late = any(own.listens(each) and each.question.is_right(said) for each in opened)
    return said if is_late else None


def _may_answer(own: Rules, asked: Asked, said: str) -> bool:
    question = asked.question
    if not own.listens(asked):
        return False
    if question.choices:
        return answers.read_choice(said, question.choices) is not None
    if question.number is not None:
        return answers.parse_number(said) is not None
    if said.endswith(("?", "？", "吗")):
        return question.is_right(said)
    longest = max(map(len, question.accepted.texts))
    return len(answers.normalise(said)) <= 2 * longest + SLACK


def _hear_link(activity: Activity, own: Rules, said: str) -> str | None:
    word = idioms.read(said)
    if word is None:
        return None
    if idioms.is_idiom(word):
        return said
    last = last_word(activity, own)
    return said if idioms.follows(word, last, by_sound=own.chain.by_sound) else None


# Reads


def last_word(activity: Activity, own: Rules) -> str:
    """The idiom that the next one has to follow."""
    row = Round.objects.filter(activity=activity, number=1).first()
    answer = GameAnswer.objects.filter(pk=row.winner_id or 0).first() if row else None
    return (answer.word if answer is not None else "") or own.start


def is_right(answer: GameAnswer) -> bool:
    """Whether an answer is right, as staff ruled."""
    return answer.outcome in RIGHT if answer.ruling is None else answer.ruling


def find_open_number(
    activity: Activity, own: Rules, accounts: tuple[int, ...] | list[int]
) -> int | None:
    """The first question that a person can still answer, where all are open."""
    rows = GameAnswer.objects.filter(
        round__activity=activity, account_id__in=accounts
    ).select_related("round")
    tried: dict[int, int] = {}
    done: set[int] = set()
    for answer in rows:
        number = answer.round.number
        tried[number] = tried.get(number, 0) + 1
        if is_right(answer):
            done.add(number)
    won = Round.objects.filter(activity=activity, closed_at__isnull=False)
    done.update(won.values_list("number", flat=True))
    for asked in own.questions:
        limit = asked.question.tries or rules.MAX_TRIES
        if asked.number not in done and tried.get(asked.number, 0) < limit:
            return asked.number
    return None
