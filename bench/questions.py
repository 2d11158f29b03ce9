"""All questions in the order of asking: what only reads, before what adds."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench import acts, api, layers, pages, reading, writing
from bench.run import Run

QUESTIONS: dict[str, Callable[[Run], None]] = {
    "rebuild": writing.rebuilt,
    "layers": layers.recomputed,
    "state": reading.state,
    "state-others": reading.state_others,
    "state-first": reading.state_first,
    "behaviour": reading.behaviour,
    "behaviour-others": reading.behaviour_others,
    "behaviour-first": reading.behaviour_first,
    "behaviour-after": reading.behaviour_after_facts,
    "why": reading.why,
    "tag-counted": writing.tag_counted,
    "fact-counted": writing.fact_counted,
    "memory": reading.memory,
    "pages": pages.pages,
    "builder": pages.builder,
    "api-batches": api.batches,
    "api-singles": api.singles,
    "import-facts": writing.imported_facts,
    "import-orders": writing.imported_orders,
    "agree": writing.agree_after_imports,
}


def ask(it: Run, only: list[str]) -> None:
    unknown = set(only) - set(QUESTIONS)
    if unknown:
        raise SystemExit(f"ONLY can be: {', '.join(QUESTIONS)}")
    if only and not layers.is_laid_out(it.community):
        only = ["rebuild", "layers", *only]
    elif only and "rebuild" not in only:
        acts.catch_up()
    for name in dict.fromkeys(only or QUESTIONS):
        start = time.perf_counter()
        QUESTIONS[name](it)
        print(f"    {name} took {time.perf_counter() - start:.1f} s", flush=True)
