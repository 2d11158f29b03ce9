"""`qunce scores`: how active and how loyal members are, by weights that staff set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from qunce.cli import base, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight import breakdowns
from qunce.insight.scores import distributions, previews
from qunce.insight.scores.distributions import Distribution
from qunce.members.scores import definitions, sentences
from qunce.members.scores import scores as store
from qunce.members.scores.scores import Score

KEY_HELP = N_("key of the score")
SPEC_HELP = N_("parts and weights as JSON, or @file")
BY_HELP = N_(
    "break down: source, group, staff, layer:key, tag_group:key or attribute:name"
)
DAY = click.DateTime(["%Y-%m-%d"])

scores = base.Group("scores")


def _to_json(invocation: Invocation, score: Score) -> dict[str, Any]:
    spec = store.current_spec(score, invocation.at)
    return {
        "key": score.key,
        "name": score.name,
        "is_ready_made": score.is_ready_made,
        "spec": store.visible_spec(spec, invocation.by),
    }


@scores.command("list", help=N_("List the scores"))
@options.pass_invocation
def list_scores(invocation: Invocation) -> None:
    rows = store.list_all(invocation.community)
    invocation.out.answer({"scores": [_to_json(invocation, row) for row in rows]})
    for row in rows:
        invocation.out.line(f"{row.key:<20} {row.name}")


@scores.command(
    "show", help=N_("Show the formula of a score, and how members are spread")
)
@base.argument("key", help=KEY_HELP)
@base.option("--day", type=DAY, help=N_("at the end of this day; now without it"))
@base.option("--by", "breakdown", default="", help=BY_HELP)
@options.pass_invocation
def show(
    invocation: Invocation, key: str, day: datetime | None, breakdown: str
) -> None:
    score = store.get(invocation.community, key)
    invocation.derive()
    text = day.date().isoformat() if day else ""
    asked: dict[str, Any] = {
        "score": score,
        "day": distributions.parse_day(text, invocation.by, invocation.at),
        **invocation.verb_args,
    }
    found = distributions.compute(**asked)
    parsed = breakdowns.parse(breakdown)
    parts = distributions.compare(breakdown=parsed, **asked) if parsed else []
    record = _to_json(invocation, score)
    invocation.out.answer(
        {
            **record,
            **_distribution_json(found),
            "parts": [
                {"label": part.label, "members": part.people, "median": part.median}
                for part in parts
            ],
        },
        score.name,
    )
    for line in sentences.describe_parts(record["spec"], invocation.community):
        invocation.out.line(f"  {line.name}: {line.text}")
    highest = definitions.load(record["spec"], invocation.community).highest
    invocation.out.line(f"  {sentences.describe_formula(highest)}")
    for bin_ in found.bins:
        invocation.out.line(f"{bin_.label:>12} {bin_.people:>10,}")
    for part in parts:
        invocation.out.line(
            f"{part.median or '–':>12} {part.people:>10,}  {part.label}"
        )


def _distribution_json(found: Distribution) -> dict[str, Any]:
    return {
        "day": found.day.isoformat(),
        "members": found.members,
        "median": found.median,
        "bins": [{"score": each.label, "members": each.people} for each in found.bins],
    }


@scores.command("member", help=N_("Show the scores of a member with their parts"))
@base.argument("member", help=N_("key of the member"))
@options.pass_invocation
def member(invocation: Invocation, member: str) -> None:
    (account,) = member_selection.find_accounts(invocation, [member])
    invocation.derive()
    found = store.of_member(
        community=invocation.community, account=account, at=invocation.at
    )
    names = [sentences.part_names(each.spec) for each in found]
    invocation.out.answer(
        {
            "scores": [
                {
                    "key": each.score.key,
                    "score": each.text,
                    "change": each.change_text,
                    "parts": [
                        {
                            "name": name,
                            "points": definitions.format_points(part.points),
                            "highest": definitions.format_points(part.part.highest),
                        }
                        for name, part in zip(own, each.found.parts, strict=True)
                    ],
                }
                for each, own in zip(found, names, strict=True)
            ]
        }
    )
    for each, own in zip(found, names, strict=True):
        invocation.out.line(f"{each.text:>6} {each.change_text:>7}  {each.score.name}")
        for name, part in zip(own, each.found.parts, strict=True):
            invocation.out.line(f"  {sentences.describe_points(name, part)}")


@scores.command("create", help=N_("Create a score"))
@base.argument("key", help=KEY_HELP)
@base.argument("spec", help=SPEC_HELP)
@base.option("--name", default="", help=N_("display name"))
@options.pass_invocation
def create(invocation: Invocation, key: str, spec: str, name: str) -> None:
    invocation.derive()
    score = store.create(
        key=key,
        name=name or key,
        spec=options.parse_rule(spec),
        **invocation.query_args,
    )
    invocation.out.answer(_to_json(invocation, score), f"{score.key} {score.name}")


@scores.command("update", help=N_("Rename a score, or change its parts from today on"))
@base.argument("key", help=KEY_HELP)
@base.option("--spec", metavar="JSON", help=SPEC_HELP)
@base.option("--name", help=N_("display name"))
@options.pass_invocation
def update(
    invocation: Invocation, key: str, spec: str | None, name: str | None
) -> None:
    invocation.derive()
    score = store.get(invocation.community, key)
    store.update(
        score=score,
        name=name,
        spec=options.parse_rule(spec) if spec else None,
        **invocation.verb_args,
    )
    invocation.out.answer(_to_json(invocation, score), f"{score.key} {score.name}")


@scores.command("preview", help=N_("Show what a change of the parts would do"))
@base.argument("key", help=KEY_HELP)
@base.argument("spec", help=SPEC_HELP)
@options.pass_invocation
def preview(invocation: Invocation, key: str, spec: str) -> None:
    invocation.derive()
    found = previews.preview(
        score=store.get(invocation.community, key),
        spec=options.parse_rule(spec),
        **invocation.verb_args,
    )
    invocation.out.answer(
        {
            "before": found.before and _distribution_json(found.before),
            "after": _distribution_json(found.after),
            "higher": found.up,
            "lower": found.down,
            "layers": [
                {
                    "layering": effect.layering.key,
                    "from": each.old,
                    "to": each.new,
                    "members": len(each.people),
                }
                for effect in found.layers
                for each in effect.crossings
            ],
        }
    )
    for label, before, after in found.bins:
        invocation.out.line(f"{label:>12} {before or 0:>10,} → {after:,}")
    for effect in found.layers:
        for each in effect.crossings:
            line = f"{effect.layering.name}: {each.old} → {each.new}"
            invocation.out.line(f"{line}: {len(each.people):,}")


@scores.command("delete", help=N_("Delete a score that no rule names"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def delete(invocation: Invocation, key: str) -> None:
    score = store.get(invocation.community, key)
    store.delete(score=score, **invocation.verb_args)
    invocation.out.answer({"key": key, "state": "deleted"}, key)
