"""The tag library: list tags, start from a template, add groups and synonyms, tidy up"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core.communities import Community
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import report as tag_report
from qunce.members.tags import templates as tag_templates
from qunce.members.tags.models import Tag
from qunce.sets import audiences


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("list")
    actions.add_parser("tidy")
    template = actions.add_parser("template")
    known = ", ".join(tag_templates.TEMPLATES)
    template.add_argument("name", metavar="NAME", help=known)
    _add_group(actions.add_parser("group"))
    synonym = actions.add_parser("synonym")
    synonym.add_argument("tag", metavar="TAG", help=_("an existing tag"))
    synonym.add_argument("key", metavar="KEY", help=_("another name for the tag"))
    merge = actions.add_parser("merge")
    merge.add_argument("tag", metavar="TAG", help=_("tag to merge"))
    merge.add_argument("into", metavar="INTO", help=_("tag to merge into"))
    for each in actions.choices.values():
        options.add_arguments(each)


def _add_group(group: argparse.ArgumentParser) -> None:
    group.add_argument("key", metavar="KEY", help=_("key used in rules"))
    group.add_argument("--name", default="", help=_("display name"))
    group.add_argument(
        "--exclusive", action="store_true", help=_("at most one of its tags per member")
    )
    group.add_argument("--prefix", default="", help=_("prefix of its tags"))
    group.add_argument(
        "--pattern",
        default="",
        metavar="REGEX",
        help=_("pattern that its tags must match"),
    )
    group.add_argument(
        "--guidance", default="", help=_("hint shown when a tag does not match")
    )


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    about = {"by": options.staff(args, community), "at": args.at}
    action = {
        "template": _template,
        "group": _group,
        "synonym": _synonym,
        "merge": _merge,
        "tidy": _tidy,
    }.get(args.action, _list)
    action(args, out, community, about)
    return 0


About = dict[str, Any]


def _list(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    told = [
        {
            "key": tag.key,
            "name": tag.name,
            "group": tag.group.key if tag.group else None,
            "members": _carriers(tag, about),
        }
        for tag in library.list_tags(community)
    ]
    out.answer({"tags": told})
    for each in told:
        out.line(f"{each['group'] or '–':<16} {each['key']:<24} {each['members']:>8,}")


def _carriers(tag: Tag, about: About) -> int:
    rule = {"tag": {"any": [tag.key]}}
    return audiences.count(community=tag.community, rule=rule, **about)


def _template(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    made = tag_templates.apply(community=community, template=args.name, **about)
    out.answer(
        {"made": [tag.key for tag in made]},
        _("%(n)s tags created.") % {"n": len(made)},
    )


def _group(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    naming = tag_naming.NamingRule(
        prefix=args.prefix, pattern=args.pattern, guidance=args.guidance
    )
    group = tag_groups.create(
        community=community,
        key=args.key,
        name=args.name,
        exclusive=args.exclusive,
        naming=naming,
        **about,
    )
    out.answer(
        {"group": group.key},
        _("Tag group “%(key)s” created.") % {"key": group.key},
    )


def _synonym(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    tag = library.get(community, args.tag)
    library.add_synonym(tag=tag, key=args.key, **about)
    out.answer(
        {"tag": tag.key, "synonym": args.key},
        _("“%(synonym)s” is a synonym of “%(tag)s”.")
        % {"synonym": args.key, "tag": tag.key},
    )


def _merge(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    tag, into = library.get(community, args.tag), library.get(community, args.into)
    batch = assignments.merge(tag=tag, into=into, **about)
    out.answer(
        {"tag": tag.key, "into": into.key, "changed": batch.changed},
        _("“%(tag)s” is now a synonym of “%(into)s”.")
        % {"tag": tag.key, "into": into.key},
    )


def _tidy(
    args: argparse.Namespace, out: Out, community: Community, about: About
) -> None:
    twins = [
        [one.key, other.key] for one, other in tag_report.list_duplicates(community)
    ]
    unused = _keys(tag_report.list_unused(community, at=args.at))
    lonely = _keys(tag_report.list_single_use(community, at=args.at))
    out.answer(
        {"twins": twins, "unused": unused, "of_one_person": lonely},
        *(_("nearly the same: %(tags)s") % {"tags": ", ".join(pair)} for pair in twins),
        _("no members: %(tags)s") % {"tags": ", ".join(unused) or "–"},
        _("only one member: %(tags)s") % {"tags": ", ".join(lonely) or "–"},
    )


def _keys(several: Iterable[Tag]) -> list[str]:
    return [tag.key for tag in several]
