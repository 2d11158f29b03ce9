"""`qunce segments`: rules with a name, and frozen lists of their members."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days
from qunce.members.rule_text import contact_masks, free_sentences, sentences
from qunce.members.rule_text import names as rule_names
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments as segment_store
from qunce.members.segments import watches
from qunce.members.segments.segments import Segment

KEY_HELP = N_("key used in rules")
RULE_HELP = N_("a rule as JSON, @file, or segment:KEY")

segments = base.Group("segments")


@segments.command("list", help=N_("List segments with their sizes"))
@options.pass_invocation
def list_segments(invocation: Invocation) -> None:
    invocation.derive()
    _answer(invocation, segment_store.list_active(invocation.community))


@segments.command("show", help=N_("Show a segment with its rule"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def show(invocation: Invocation, key: str) -> None:
    invocation.derive()
    segment = segment_store.get(invocation.community, key)
    record = {
        **_record(invocation, segment),
        "description": segment.description,
        "state": segment.state,
    }
    invocation.out.answer(
        record,
        f"{segment.key}  {segment.name}",
        *filter(None, [segment.description]),
        _("%(n)s members") % {"n": f"{record['members']:,}"},
        options.format_rule(record["rule"]),
    )


@segments.command(
    "save", help=N_("Save a rule as a segment; one that exists gets the new rule")
)
@base.argument("key", help=KEY_HELP)
@base.argument("rule", help=RULE_HELP)
@base.option("--name", default="", help=N_("display name"))
@base.option("--note", "description", default="", help=N_("purpose of the segment"))
@options.pass_invocation
def save(invocation: Invocation, key: str, rule: str, **texts: Any) -> None:
    invocation.derive()
    parsed = options.parse_rule(rule)
    existing = {
        segment.key: segment
        for segment in segment_store.list_active(invocation.community)
    }
    segment = existing.get(key)
    if segment is None:
        segment = segment_store.create(
            key=key, rule=parsed, **texts, **invocation.query_args
        )
    else:
        # A text that is not given stays as it is.
        changes = {field: text for field, text in texts.items() if text}
        segment_store.update(
            segment=segment, rule=parsed, **changes, **invocation.verb_args
        )
    _answer(invocation, [segment])


@segments.command(
    "read", help=N_("Read a sentence as a rule, such as “VIP who have not bought”")
)
@base.argument("sentence", help=N_("what the members have in common, in your words"))
@options.pass_invocation
def read(invocation: Invocation, sentence: str) -> None:
    reading = free_sentences.read(by=invocation.by, text=sentence, at=invocation.at)
    marks = [
        {
            "start": mark.start,
            "end": mark.end,
            "state": mark.state,
            "note": mark.note,
            "choices": [choice.text for choice in mark.choices],
        }
        for mark in reading.marks
    ]
    lines = []
    for mark in reading.marks:
        if mark.state != "understood":
            lines.append(f"{sentence[mark.start : mark.end]}  {mark.note}".rstrip())
            lines += [f"    {choice.text.strip()}" for choice in mark.choices]
    text = ""
    if reading.rule is not None:
        names = rule_names.find(invocation.community, reading.rule)
        text = sentences.to_text(reading.rule, names)
        lines = [text, *reading.notes, options.format_rule(reading.rule)]
    elif lines:
        lines.insert(0, _("This is not understood:"))
    record = {"rule": reading.rule, "text": text, "marks": marks}
    invocation.out.answer({**record, "notes": list(reading.notes)}, *lines)


@segments.command("sizes", help=N_("List the sizes of a segment, one a day"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def list_sizes(invocation: Invocation, key: str) -> None:
    segment = segment_store.get(invocation.community, key)
    rows = [
        {
            "day": community_days.to_date(row.day).isoformat(),
            "members": row.size,
            "entered": row.entered,
            "left": row.left,
        }
        for row in segment.sizes.order_by("day")
        # They are of the whole community.
        if invocation.by.scope is None
    ]
    invocation.out.answer({"key": key, "sizes": rows})
    for row in rows:
        moves = f"+{row['entered']:,} −{row['left']:,}"
        invocation.out.line(f"{row['day']} {row['members']:>10,}  {moves}")


@segments.command(
    "watch", help=N_("Record each member who enters or leaves a segment from now on")
)
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def watch(invocation: Invocation, key: str) -> None:
    invocation.derive()
    segment = segment_store.get(invocation.community, key)
    started = watches.start(segment=segment, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "watched": True, "members": started.size},
        _("Watching “%(key)s” with %(n)s members.")
        % {"key": key, "n": f"{started.size:,}"},
    )


@segments.command("unwatch", help=N_("Stop watching a segment"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def unwatch(invocation: Invocation, key: str) -> None:
    segment = segment_store.get(invocation.community, key)
    watches.stop(segment=segment, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "watched": False},
        _("“%(name)s” is no longer watched.") % {"name": key},
    )


@segments.command("freeze", help=N_("Save the members who match a rule now"))
@base.argument("key", help=N_("key of the frozen segment"))
@base.argument("rule", help=RULE_HELP)
@options.pass_invocation
def freeze(invocation: Invocation, key: str, rule: str) -> None:
    invocation.derive()
    frozen = frozen_segments.freeze(
        key=key, rule=options.parse_rule(rule), **invocation.query_args
    )
    invocation.out.answer(
        {"key": frozen.key, "members": frozen.size},
        _("Frozen segment “%(key)s” saved with %(n)s members.")
        % {"key": frozen.key, "n": f"{frozen.size:,}"},
    )


@segments.command("archive", help=N_("Archive a segment that no other segment uses"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def archive(invocation: Invocation, key: str) -> None:
    segment = segment_store.get(invocation.community, key)
    segment_store.archive(segment=segment, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "state": segment.state},
        _("Segment “%(key)s” archived.") % {"key": key},
    )


@segments.command("restore", help=N_("Restore an archived segment"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def restore(invocation: Invocation, key: str) -> None:
    segment = segment_store.get(invocation.community, key)
    segment_store.restore(segment=segment, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "state": segment.state},
        _("Segment “%(key)s” restored.") % {"key": key},
    )


def _answer(invocation: Invocation, found: list[Segment]) -> None:
    rows = [_record(invocation, segment) for segment in found]
    invocation.out.answer({"segments": rows})
    for row in rows:
        invocation.out.line(f"{row['key']:<30} {row['members']:>10,}  {row['name']}")


def _record(invocation: Invocation, segment: Segment) -> dict[str, Any]:
    return {
        "key": segment.key,
        "name": segment.name,
        "members": segment_store.count(segment=segment, **invocation.verb_args),
        "rule": contact_masks.masked(segment.rule, invocation.by),
    }
