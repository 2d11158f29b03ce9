"""The table of clauses: how each is drawn at random, and when it holds.

`holds` is as direct as the sentence that says it: no sets of ids, no caches, no code of
Qunce. A new clause needs one row here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.oracle import fact_clauses, ranks, scores, strategies, values

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle
    from tests.oracle.people import Person
    from tests.oracle.questions import Questions

Rule = dict[str, Any]
DAY, WEEK = timedelta(days=1), timedelta(days=7)
COMPARISONS = {
    "note": ["in", "eq", "ne", "contains", "starts"],
    "score": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "fan": ["in", "eq", "ne"],
    "birthday": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "seen": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "city": ["in", "eq", "ne", "contains", "starts"],
    "likes": ["in", "eq", "ne", "contains", "starts"],
}


# tag


def draw_tag(draw: Questions) -> Rule:
    names = [*strategies.TAG_GROUPS, *strategies.SYNONYMS]
    untagged = {"untagged": draw.random.choice([True, "worth", "taste"])}
    if draw.random.random() < 0.2:
        return untagged
    args = draw.sets(names)
    if draw.random.random() < 0.4:
        args["depth"] = draw.bounds()
    if draw.random.random() < 0.3:
        args["given"] = draw.window()
    return args | (untagged if draw.random.random() < 0.2 else {})


def has_tags(oracle: Oracle, args: Rule, person: Person) -> bool:
    community = oracle.community

    def has(name: str) -> bool:
        tag = community.resolve_synonym(name)
        depth = community.depth(tag, person)
        if not depth or not values.compares(depth, args.get("depth", {})):
            return False
        given = [community.given[tag, a] for a in person if (tag, a) in community.given]
        return "given" not in args or oracle.in_window(args["given"], min(given))

    untagged = True
    if "untagged" in args:
        untagged = not any(
            community.depth(tag, person) > 0
            for tag, group in community.tag_groups.items()
            if args["untagged"] in (True, group)
        )
    return untagged and is_in_sets(args, has)


def is_in_sets(args: Rule, is_in: Callable[[str], bool]) -> bool:
    return (
        ("any" not in args or any(is_in(key) for key in args["any"]))
        and ("all" not in args or all(is_in(key) for key in args["all"]))
        and ("none" not in args or not any(is_in(key) for key in args["none"]))
    )


# attr


DAYS_AWAY = ["today", "today+1d", "today-1d", "today+7d", "today-30d", "today+30d"]
PERIODS = [
    f"{which} {unit}"
    for which in ("last", "this", "next")
    for unit in ("week", "month", "year")
]


def draw_attribute(draw: Questions) -> Rule:
    name = draw.random.choice(list(strategies.TYPES))
    choice = draw.random.random()
    if choice < 0.1:
        return {"name": name, "known": draw.random.random() < 0.5}
    if choice < 0.25:
        return {"name": "birthday", "anniversary": draw_anniversary(draw)}
    if choice < 0.4:
        name = draw.random.choice(["birthday", "seen"])
        return {"name": name, **draw_span(draw, hours=name == "seen")}
    comparison = draw.random.choice(COMPARISONS[name])
    bounds = [values.to_json(value) for value in strategies.values(draw.setting)[name]]
    if name in ("birthday", "seen"):
        bounds += [*DAYS_AWAY, draw.day()]
    if comparison == "in":
        return {"name": name, "in": draw.sample(bounds)}
    if comparison in ("gte", "gt") and choice < 0.8:
        return {"name": name, **draw_range(draw, name, comparison, bounds)}
    return {"name": name, comparison: draw.random.choice(bounds)}


def draw_range(
    draw: Questions, name: str, lower: str, bounds: list[Any]
) -> dict[str, Any]:
    """A lower and an upper bound that leave some value between them."""
    if name == "score":
        low, high = sorted(draw.random.sample(bounds, 2))
    else:
        low, high = draw.random.choice(
            [
                ("today-30d", "today-1d"),
                ("today-1d", "today+7d"),
                ("1990-01-01", "today+1d"),
                ("2000-02-28", "2100-01-01"),
            ]
        )
    return {lower: low, draw.random.choice(["lte", "lt"]): high}


def draw_span(draw: Questions, *, hours: bool = False) -> Rule:
    spans = ["1d", "2d", "7d", "30d", "366d", *(["1h", "25h"] if hours else [])]
    field = draw.random.choice(["next", "last", "during"])
    if field == "during":
        return {field: draw.random.choice([*PERIODS, "yesterday", "today", "tomorrow"])}
    return {field: draw.random.choice(spans)}


def draw_anniversary(draw: Questions) -> Rule:
    return draw.random.choice(
        [
            {"within": draw.random.choice(["1d", "2d", "7d", "30d", "366d"])},
            draw_span(draw),
            {"eq": draw.random.choice(DAYS_AWAY)},
            {"gte": "today-1d", "lt": "today+7d"},
            {"gt": "today+6d", "lte": "today+30d"},
        ]
    )


def has_attribute(oracle: Oracle, args: Rule, person: Person) -> bool:
    kind = oracle.community.types[args["name"]]
    value = oracle.community.value(args["name"], person)
    return values.fits(kind, value, args, now=oracle)


# group, layer, segment


def is_in_groups(oracle: Oracle, args: Rule, person: Person) -> bool:
    memberships = oracle.community.memberships
    return is_in_sets(
        args, lambda group: any((group, key) in memberships for key in person)
    )


def draw_layer(draw: Questions) -> Rule:
    layers = {"of": strategies.LAYERING, "in": draw.sample(strategies.LAYERS)}
    if not draw.vocabulary.layer_days or draw.random.random() < 0.6:
        return layers
    return layers | {"on": draw.random.choice(draw.vocabulary.layer_days)}


def is_in_layer(oracle: Oracle, args: Rule, person: Person) -> bool:
    if "on" in args:
        # The last run up to that day, in which not everybody has a layer.
        runs = oracle.community.layerings[args["of"]].runs
        day = max(day for day in runs if day <= args["on"])
        return runs[day].get(person[0]) in args["in"]
    return oracle.community.layer(args["of"], person) in args["in"]


def draw_segment(draw: Questions) -> Rule:
    frozen = {"frozen": draw.sample(draw.vocabulary.frozen)}
    if not draw.vocabulary.segments or draw.random.random() < 0.3:
        return frozen
    return draw.sets(draw.vocabulary.segments) | draw.maybe(lambda: frozen)


def unfold_segment(oracle: Oracle, args: Rule) -> Rule:
    """Segments stand for their rules, which replace them here."""
    rules = {
        word: [oracle.community.segments[key] for key in args.get(word, [])]
        for word in ("any", "all", "none")
    }
    parts: list[Rule] = []
    if "any" in args:
        parts.append({"any": rules["any"]})
    if "all" in args:
        parts.append({"all": rules["all"]})
    if "none" in args:
        parts.append({"not": {"any": rules["none"]}})
    if "frozen" in args:
        parts.append({"frozen": {"any": args["frozen"]}})
    return parts[0] if len(parts) == 1 else {"all": parts}


def is_frozen(oracle: Oracle, args: Rule, person: Person) -> bool:
    return any(oracle.community.frozen[key] & set(person) for key in args["any"])


# joined, left, source, members, opted_out, listed, held_out


def has_joined(oracle: Oracle, args: Rule, person: Person) -> bool:
    first = min(oracle.community.accounts[key].joined for key in person)
    return oracle.in_window(args, first)


def has_left(oracle: Oracle, args: Rule, person: Person) -> bool:
    joined = oracle.community.joined_by(person, oracle.at)
    times = [account.left_at(oracle.at) for account in joined]
    left = [time for time in times if time is not None]
    return len(left) == len(times) and oracle.in_window(args, max(left))


def draw_source(draw: Questions) -> Rule:
    return {"any": draw.sample(strategies.SOURCES)}


def came_through(oracle: Oracle, args: Rule, person: Person) -> bool:
    joined = oracle.community.joined_by(person, oracle.at)
    return any(account.source in args["any"] for account in joined)


def draw_members(draw: Questions) -> Rule:
    return {"keys": draw.sample(draw.vocabulary.accounts)}


def is_named(oracle: Oracle, args: Rule, person: Person) -> bool:
    return any(key in args["keys"] for key in person)


def draw_listed(draw: Questions) -> Rule:
    group = draw.random.choice([{}, *({"group": key} for key in strategies.GROUPS)])
    return {"on": draw.random.choice(strategies.LISTS), **group}


def is_on_list(oracle: Oracle, args: Rule, person: Person) -> bool:
    entries = (oracle.community.listed.get((args["on"], key)) for key in person)
    return any(group in ("", args.get("group", "")) for group in entries)


def draw_opted_out(draw: Questions) -> Rule:
    return {"of": draw.random.choice(["messages", "service"])}


def has_opted_out(oracle: Oracle, args: Rule, person: Person) -> bool:
    known = oracle.community
    of = known.opted_out if args["of"] == "messages" else known.opted_out_of_service
    return any(key in of for key in person)


def draw_held_out(draw: Questions) -> Rule:
    return draw.random.choice(
        [{"community": True}, *({"campaign": key} for key in strategies.CAMPAIGNS)]
    )


def is_held_out(oracle: Oracle, args: Rule, person: Person) -> bool:
    # Communities of tests are too small for a hold-out of their own.
    held_out = oracle.community.held_out.get(args.get("campaign", ""), set())
    return any(key in held_out for key in person)


def draw_staff(draw: Questions) -> Rule:
    nobody, staff = {"nobody": True}, draw.vocabulary.staff
    if not staff or draw.random.random() < 0.3:
        return nobody
    args: Rule = {"any": draw.random.sample(staff, draw.random.randint(1, len(staff)))}
    return args | (nobody if draw.random.random() < 0.2 else {})


def has_in_charge(oracle: Oracle, args: Rule, person: Person) -> bool:
    staff = oracle.community.staff_of(person)
    return "nobody" in args if staff is None else staff in args.get("any", [])


def draw_streak(draw: Questions) -> Rule:
    today = draw.maybe(lambda: {"today": draw.random.random() < 0.4})
    return {"activity": draw.vocabulary.check_in, **draw.bounds(4), **today}


def has_streak(oracle: Oracle, args: Rule, person: Person) -> bool:
    days = {day for key, day in oracle.community.check_ins if key in person}
    last, length = max(days, default=oracle.today - WEEK), 0
    if not any(is_missed(last + n * DAY) for n in range(1, (oracle.today - last).days)):
        day = last
        while day in days or (length and not is_missed(day)):
            length += day in days
            day -= DAY
    if args.get("today") is False and not is_missed(oracle.today):
        return False
    if "today" in args and (last >= oracle.today) != args["today"]:
        return False
    bounds = {sign: bound for sign, bound in args.items() if sign in values.COMPARISONS}
    return values.compares(length, bounds)


def is_missed(day: date) -> bool:
    """Whether somebody who did not check in on this day misses one; Sunday is for rest."""
    return day.isoweekday() != 7


def draw_level(draw: Questions) -> Rule:
    field = draw.random.choice(["at_least", "at_least", "is", "none"])
    return {field: True if field == "none" else draw.random.choice(["low", "high"])}


def has_level(oracle: Oracle, args: Rule, person: Person) -> bool:
    """By points of this month and the two before it, see the guide."""
    today = oracle.today
    number = today.year * 12 + today.month
    sums = dict.fromkeys(range(3), 0)
    for key, day, points in oracle.community.earned:
        back = number - day.year * 12 - day.month
        if key in person and back in sums:
            sums[back] += points
    kept = [sums[0], sums[1], *([sums[2]] if today.day <= GRACE else [])]
    found = "high" if max(kept) >= 50 else "low" if max(kept) >= 10 else None
    if "none" in args:
        return found is None
    if "is" in args:
        return bool(found == args["is"])
    return found == "high" or bool(found == args["at_least"])


GRACE = 5
"""The days of grace of the levels."""


def draw_points(draw: Questions) -> Rule:
    bounds = draw.bounds(4)
    return {sign: bound * 10 for sign, bound in bounds.items()}


def has_points(oracle: Oracle, args: Rule, person: Person) -> bool:
    earned = [each for each in oracle.community.earned if each[0] in person]
    balance = sum(
        points
        for _key, day, points in earned
        if day <= oracle.today and not is_expired(oracle, day, points)
    )
    return values.compares(balance, args)


def is_expired(oracle: Oracle, day: date, points: int) -> bool:
    """Those that were earned 5 at a time were usable for a week."""
    return points == 5 and oracle.today >= day + WEEK


def draw_badge(draw: Questions) -> Rule:
    return {"key": "regular"}


def has_badge(oracle: Oracle, args: Rule, person: Person) -> bool:
    return not oracle.community.badges.isdisjoint(person)


def draw_took_part(draw: Questions) -> Rule:
    return {"activity": draw.vocabulary.check_in}


def took_part(oracle: Oracle, args: Rule, person: Person) -> bool:
    entered = oracle.community.entered
    return any(each in entered for each in person) and not any(
        entered.get(each) == "struck out" for each in person
    )


def draw_live_session(draw: Questions) -> Rule:
    step = draw.random.choice(["reserved", "attended", "missed", "watched"])
    return {"activity": draw.vocabulary.live, "step": step}


def followed_live_session(oracle: Oracle, args: Rule, person: Person) -> bool:
    done = {step for each, step in oracle.community.live if each in person}
    if args["step"] == "missed":
        return "reserved" in done and "attended" not in done
    return args["step"] in done


def draw_survey(draw: Questions) -> Rule:
    survey = draw.vocabulary.survey
    if draw.random.random() < 0.3:
        return {"survey": survey}
    keys = [
        *(f"{survey}/drink/{n}" for n in "123"),
        *(f"{survey}/score/{n}" for n in range(11)),
    ]
    return {"any": draw.random.sample(keys, draw.random.randint(1, 4))}


def has_answered(oracle: Oracle, args: Rule, person: Person) -> bool:
    own = [each for each in oracle.community.answers if each[1] in person]
    if "survey" in args or not own:
        return bool(own)
    _at, _key, said = max(own, key=lambda each: each[0])
    given = {f"{question}/{value}" for question, value in said.items()}
    return any(key.partition("/")[2] in given for key in args["any"])


@dataclass(frozen=True)
class Row:
    """`unfold` is for a name that stands for a rule, instead of `holds`."""

    draw: Callable[[Questions], Rule]
    holds: Callable[[Oracle, Rule, Person], bool] | None = None
    unfold: Callable[[Oracle, Rule], Rule] | None = None
    weight: int = 1
    """How often it is drawn, compared with the others."""


CLAUSES: dict[str, Row] = {
    "tag": Row(draw_tag, has_tags, weight=2),
    "attr": Row(draw_attribute, has_attribute),
    "group": Row(lambda draw: draw.sets(strategies.GROUPS), is_in_groups),
    "layer": Row(draw_layer, is_in_layer),
    "survey": Row(draw_survey, has_answered, weight=2),
    "segment": Row(draw_segment, unfold=unfold_segment),
    "joined": Row(lambda draw: draw.window(), has_joined),
    "left": Row(lambda draw: draw.window(), has_left),
    "source": Row(draw_source, came_through),
    "members": Row(draw_members, is_named),
    "listed": Row(draw_listed, is_on_list),
    "opted_out": Row(draw_opted_out, has_opted_out),
    "held_out": Row(draw_held_out, is_held_out),
    "staff": Row(draw_staff, has_in_charge),
    "did": Row(fact_clauses.draw_did, fact_clauses.did, weight=4),
    "seq": Row(fact_clauses.draw_sequence, fact_clauses.did_in_order, weight=2),
    "stopped": Row(fact_clauses.draw_stopped, fact_clauses.has_stopped),
    "returned": Row(fact_clauses.draw_returned, fact_clauses.has_returned),
    "ratio": Row(fact_clauses.draw_ratio, fact_clauses.has_ratio),
    "rank": Row(ranks.draw_rank, ranks.is_among_top, weight=2),
    "rfm": Row(ranks.draw_rfm, ranks.has_grades),
    "score": Row(scores.draw_score, scores.has_score),
    "streak": Row(draw_streak, has_streak, weight=2),
    "level": Row(draw_level, has_level, weight=2),
    "points": Row(draw_points, has_points, weight=2),
    "badge": Row(draw_badge, has_badge),
    "took_part": Row(draw_took_part, took_part),
    "live_session": Row(draw_live_session, followed_live_session),
    "random": Row(ranks.draw_random, ranks.is_in_share),
}
INSIDE_SEGMENTS = {"frozen": is_frozen}
"""What unfolded segments have in addition to the clauses."""
