"""How the sweep calls verbs: questions."""

from __future__ import annotations

from tests.access.cases.base import EVERYONE, both, case, ids, just, using

ABOUT_ALL = {"with_left": EVERYONE}
case(
    "sets.audiences",
    compile_rule=just(rule=EVERYONE),
    count=just(rule=EVERYONE),
    count_uncounted=just(rule=EVERYONE),
    people=just(rule=EVERYONE),
    people_by_rule=just(rules=[EVERYONE]),
    list_ids=just(rule=EVERYONE),
    overlap=just(left=EVERYONE, right=EVERYONE),
    funnel=just(rule=EVERYONE),
    explain=ids("account", rule=EVERYONE),
)
case(
    "sets.set_sizes",
    count_by_ref=ids("refs", "tag", kind="tag"),
    count_in_any=ids("refs", "tag", kind="tag"),
    count_further_marks=ids("refs", "tag", kind="tag"),
)
DAYS = using(lambda w: {"first": w.at.date(), "last": w.at.date()})
GROUP_KEY = using(lambda w: {"groups": [w.get("group").key]})
ONE_GROUP = using(lambda w: {"group": w.get("group").key})
case(
    "insight.metrics",
    compute_for_community=DAYS,
    sales_left_out=DAYS,
    compute_for_groups=both(DAYS, GROUP_KEY),
    count_span=both(DAYS, ONE_GROUP),
)
case("insight.peak_hours", count=ONE_GROUP)
case(
    "insight.period_comparison",
    compare_community=just(),
    compare_group=lambda w: {"key": w.get("group").key},
)
