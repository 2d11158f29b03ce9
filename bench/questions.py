"""All questions in their order; those that only read come before those that write."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench import (
    answers,
    api,
    check_ins,
    clauses,
    draws,
    findings,
    games,
    insight,
    instant_draws,
    layers,
    moderation,
    numbers,
    operations,
    pages,
    points,
    portal,
    read_questions,
    retention,
    runs,
    sends,
    surveys,
    tag_rules,
    words,
    write_questions,
)
from bench.sessions import Session

QUESTIONS: dict[str, Callable[[Session], None]] = {
    "rebuild": write_questions.rebuild,
    "layers": layers.recompute_layers,
    "state": read_questions.state,
    "state-others": read_questions.state_others,
    "state-first": read_questions.state_first,
    "behaviour": read_questions.behaviour,
    "behaviour-others": read_questions.behaviour_others,
    "behaviour-first": read_questions.behaviour_first,
    "behaviour-after": read_questions.behaviour_after_facts,
    "why": read_questions.why,
    "clauses": clauses.clauses,
    "tag-counted": write_questions.tag_counted,
    "fact-counted": write_questions.fact_counted,
    "retention": retention.retention,
    "funnel": retention.funnel,
    "hours": numbers.hours,
    "groups": numbers.groups,
    "memory": read_questions.memory,
    "words": words.words,
    "lifetime-value": insight.lifetime_value,
    "portrait": insight.portrait,
    "segment-sizes": insight.segment_sizes,
    "sentence": insight.sentence,
    "insight-pages": insight.insight_pages,
    "findings": findings.findings,
    "pages": pages.pages,
    "builder": pages.builder,
    "api-batches": api.batches,
    "api-singles": api.singles,
    "import-facts": write_questions.import_facts,
    "import-orders": write_questions.import_orders,
    "agree": write_questions.agree_after_imports,
    "import-members": write_questions.import_members,
    "tag-rules": tag_rules.run_rules,
    "night": insight.night,
    "sends": sends.sends,
    "runs": runs.runs,
    "watched": clauses.watched,
    "moderation": moderation.moderation,
    "answers": answers.answers,
    "streaks": check_ins.streaks,
    "points": points.points,
    "draws": draws.draws_and_prizes,
    "instant-draws": instant_draws.instant_tickets,
    "games": games.chat_games,
    "surveys": surveys.survey_results,
    "portal": portal.portal,
}


def ask(session: Session, only: list[str]) -> None:
    unknown = set(only) - set(QUESTIONS)
    if unknown:
        raise SystemExit(f"ONLY can be: {', '.join(QUESTIONS)}")
    if only and not layers.is_laid_out(session.community):
        only = ["rebuild", "layers", *only]
    elif only and "rebuild" not in only:
        operations.catch_up()
    for name in dict.fromkeys(only or QUESTIONS):
        start = time.perf_counter()
        QUESTIONS[name](session)
        print(f"    {name} took {time.perf_counter() - start:.1f} s", flush=True)
