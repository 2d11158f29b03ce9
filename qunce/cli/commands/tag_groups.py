"""`qunce tag-groups`: the dimensions of the tag library and their naming rules."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.tags import groups, naming

tag_groups = base.Group("tag-groups")


@tag_groups.command("list", help=N_("List tag groups"))
@options.pass_invocation
def list_groups(invocation: Invocation) -> None:
    rows = [
        {
            "key": group.key,
            "name": group.name,
            "exclusive": group.exclusive,
            "prefix": group.prefix,
            "pattern": group.pattern,
            "guidance": group.guidance,
        }
        for group in groups.list_all(invocation.community)
    ]
    invocation.out.answer({"tag_groups": rows})
    for row in rows:
        rule = _("one per member") if row["exclusive"] else ""
        invocation.out.line(f"{row['key']:<16} {row['name']}  {rule}".rstrip())


@tag_groups.command("add", help=N_("Add a tag group"))
@base.argument("key", help=N_("key used in rules"))
@base.option("--name", default="", help=N_("display name"))
@base.option("--exclusive", is_flag=True, help=N_("at most one of its tags per member"))
@base.option("--prefix", default="", help=N_("prefix of its tags"))
@base.option(
    "--pattern",
    default="",
    metavar="REGEX",
    help=N_("pattern that its tags must match"),
)
@base.option("--guidance", default="", help=N_("hint shown when a tag does not match"))
@options.pass_invocation
def add(
    invocation: Invocation, key: str, name: str, exclusive: bool, **rule: Any
) -> None:
    group = groups.create(
        key=key,
        name=name,
        exclusive=exclusive,
        naming=naming.NamingRule(**rule),
        **invocation.query_args,
    )
    invocation.out.answer(
        {"tag_group": group.key},
        _("Tag group “%(key)s” created.") % {"key": group.key},
    )


@tag_groups.command("edit", help=N_("Change a tag group and its naming rule"))
@base.argument("key", help=N_("key of the tag group"))
@base.option("--name", help=N_("display name"))
@base.option(
    "--exclusive/--several", default=None, help=N_("at most one of its tags per member")
)
@base.option("--prefix", help=N_("prefix of its tags"))
@base.option("--pattern", metavar="REGEX", help=N_("pattern that its tags must match"))
@base.option("--guidance", help=N_("hint shown when a tag does not match"))
@options.pass_invocation
def update(
    invocation: Invocation,
    key: str,
    name: str | None,
    exclusive: bool | None,
    **rule: str | None,
) -> None:
    group = groups.get_by_key(invocation.community, key)
    given: dict[str, Any] = {
        field: value for field, value in rule.items() if value is not None
    }
    groups.update(
        group=group,
        name=name,
        exclusive=exclusive,
        naming=dataclasses.replace(group.naming, **given) if given else None,
        **invocation.verb_args,
    )
    invocation.out.answer(
        {"tag_group": group.key},
        _("Tag group “%(key)s” changed.") % {"key": group.key},
    )
