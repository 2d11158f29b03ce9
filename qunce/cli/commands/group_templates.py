"""`qunce group-templates`: the setup of a group, copied to others after a preview."""

from __future__ import annotations

import json
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups import groups as group_store
from qunce.groups import visibility
from qunce.groups.group_filters import GroupFilter
from qunce.groups.groups import Group
from qunce.outreach.group_templates import (
    applications,
    comparison,
    following,
    new_groups,
    previews,
    templates,
)
from qunce.outreach.group_templates.models import Application, GroupTemplate
from qunce.outreach.group_templates.previews import Preview
from qunce.outreach.playbooks import excluded_groups, playbooks

TEMPLATE_HELP = N_("number of the group template")

group_templates = base.Group("group-templates")


def _to_json(template: GroupTemplate, invocation: Invocation) -> dict[str, Any]:
    return {
        "id": template.pk,
        "name": template.name,
        "version": template.version,
        "content": templates.visible_content(template, invocation.by),
    }


def _parse_content(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise options.BadUsage(
            _("The content is not valid JSON: %(why)s.") % {"why": error}
        ) from None


def _get_group(invocation: Invocation, key: str) -> Group:
    for group in visibility.list_visible(invocation.by).filter(key=key):
        group.community = invocation.community
        return group
    raise group_store.GroupNotFound(_("There is no group “%(key)s”.") % {"key": key})


@group_templates.command("list", help=N_("List group templates and their groups"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_templates(invocation: Invocation, archived: bool) -> None:
    rows = templates.list_visible(invocation.by, archived=archived)
    counts = following.count_followers(invocation.by)
    found = [
        _to_json(row, invocation) | {"groups": counts.get(row.pk, 0)} for row in rows
    ]
    invocation.out.answer({"group_templates": found})
    for row in found:
        invocation.out.line(f"{row['id']:>6} {row['groups']:>5,}  {row['name']}")


@group_templates.command("show", help=N_("Show the content of a group template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def show(invocation: Invocation, template: int) -> None:
    found = templates.get(by=invocation.by, pk=template)
    record = _to_json(found, invocation)
    fields = comparison.flatten(record["content"])
    lines = [
        f"{field}: {json.dumps(value, ensure_ascii=False)}"
        for field, value in fields.items()
    ]
    invocation.out.answer(record, f"{found.name} · {found.version}", *lines)


@group_templates.command("add", help=N_("Create a template from a group, or from JSON"))
@base.argument("name", help=N_("name"))
@base.option("--group", "key", default="", help=N_("key of the group to copy"))
@base.option("--part", "chosen", multiple=True, help=N_("part to copy; repeat it"))
@base.option("--content", default="", help=N_("the parts and their fields as JSON"))
@options.pass_invocation
def add(
    invocation: Invocation, name: str, key: str, chosen: tuple[str, ...], content: str
) -> None:
    if bool(key) == bool(content):
        raise options.BadUsage(_("Give either --group or --content."))
    given: Any = _parse_content(content) if content else None
    if key:
        given = templates.copy_setup(
            group=_get_group(invocation, key),
            chosen=chosen or None,
            **invocation.verb_args,
        )
    created = templates.create(name=name, content=given, **invocation.query_args)
    text = _("Group template %(id)s “%(name)s” added.") % {
        "id": created.pk,
        "name": created,
    }
    invocation.out.answer(_to_json(created, invocation), text)


@group_templates.command(
    "edit", help=N_("Change the name or the content of a template")
)
@base.argument("template", type=int, help=TEMPLATE_HELP)
@base.option("--name", default=None, help=N_("name"))
@base.option("--content", default="", help=N_("the parts and their fields as JSON"))
@options.pass_invocation
def edit(invocation: Invocation, template: int, name: str | None, content: str) -> None:
    found = templates.get(by=invocation.by, pk=template)
    given = _parse_content(content) if content else None
    templates.update(template=found, name=name, content=given, **invocation.verb_args)
    invocation.out.answer(
        _to_json(found, invocation), f"{found.name} · {found.version}"
    )


@group_templates.command("archive", help=N_("Archive a group template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def archive(invocation: Invocation, template: int) -> None:
    found = templates.get(by=invocation.by, pk=template)
    templates.archive(template=found, **invocation.verb_args)
    invocation.out.answer({"id": found.pk}, _("“%(name)s” archived.") % {"name": found})


@group_templates.command("restore", help=N_("Restore an archived group template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def restore(invocation: Invocation, template: int) -> None:
    found = templates.get(by=invocation.by, pk=template)
    templates.restore(template=found, **invocation.verb_args)
    invocation.out.answer({"id": found.pk}, _("“%(name)s” restored.") % {"name": found})


@group_templates.command(
    "apply", help=N_("Show what a template changes in groups, and apply it")
)
@base.argument("template", type=int, help=TEMPLATE_HELP)
@base.option("--group", "keys", multiple=True, help=N_("key of a group; repeat it"))
@base.option("--kind", default="", help=N_("groups of this kind"))
@base.option("--stage", default="", help=N_("groups in this stage"))
@base.option("--platform", default="", help=N_("groups on this platform"))
@base.option("--text", default="", help=N_("groups with this in the name or the key"))
@base.option("--all", "everything", is_flag=True, help=N_("all groups in use"))
@base.option("--digest", default="", help=N_("apply the preview that had this digest"))
@options.pass_invocation
def apply(
    invocation: Invocation,
    template: int,
    keys: tuple[str, ...],
    digest: str,
    everything: bool,
    **fields: Any,
) -> None:
    found = templates.get(by=invocation.by, pk=template)
    if not keys and not everything and not any(fields.values()):
        raise options.BadUsage(_("Name groups, give a filter, or use --all."))
    if keys:
        ids = [_get_group(invocation, key).pk for key in keys]
    else:
        rows = GroupFilter(**fields).apply(visibility.list_visible(invocation.by))
        ids = list(rows.values_list("pk", flat=True))
    if not digest:
        shown = previews.compute(template=found, groups=ids, **invocation.verb_args)
        _print_preview(invocation, shown)
        return
    application = applications.apply(
        template=found, groups=ids, digest=digest, **invocation.verb_args
    )
    _print_application(invocation, application)


def _print_preview(invocation: Invocation, shown: Preview) -> None:
    rows = [
        {
            "group": row.group.key,
            "differences": [
                {
                    "field": each.field,
                    "now": each.now,
                    "then": each.then,
                    "status": each.status.value,
                    "cause": each.cause.value,
                    "reason": each.reason,
                }
                for each in row.differences
                if each.status != comparison.Status.SAME
            ],
        }
        for row in shown.groups
    ]
    invocation.out.answer({"digest": shown.digest, "groups": rows})
    for row in shown.groups:
        for each in row.differences:
            if each.status != comparison.Status.SAME:
                now, then = (
                    shown.text(each.field, value) for value in (each.now, each.then)
                )
                invocation.out.line(
                    f"{row.group.key}  {shown.label(each.field)}: {now} → {then}"
                    f"  {each.status.value} {each.reason}".rstrip()
                )
    differing = sum(row.differs for row in shown.groups)
    text = _("%(n)s of %(total)s groups differ. Apply it with --digest %(digest)s")
    words = {"n": differing, "total": len(shown.groups), "digest": shown.digest}
    invocation.out.line(text % words)


def _print_application(invocation: Invocation, application: Application) -> None:
    rows = applications.list_results(application=application, by=invocation.by)
    results = [
        {
            "group": row.group.key,
            "state": row.state,
            "changes": row.changes,
            "kept": row.kept,
            "problem": row.problem,
        }
        for row in rows
    ]
    answer = {"application": application.pk, "results": results}
    invocation.out.answer(answer | {"problems": application.problems})
    for each in results:
        invocation.out.line(
            f"{each['group']}  {each['state']}  {each['problem']}".rstrip()
        )
    text = _("Undo it with: qunce group-templates undo %(n)s")
    invocation.out.line(text % {"n": application.pk})


@group_templates.command("undo", help=N_("Give groups their former values"))
@base.argument("application", type=int, help=N_("number of the application"))
@options.pass_invocation
def undo(invocation: Invocation, application: int) -> None:
    found = applications.get(by=invocation.by, pk=application)
    count = applications.undo(application=found, **invocation.verb_args)
    answer = {"application": found.pk, "undone": count}
    invocation.out.answer(answer, _("Undone in %(n)s groups.") % {"n": count})


@group_templates.command("groups", help=N_("Show the groups that follow a template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@options.pass_invocation
def list_groups(invocation: Invocation, template: int) -> None:
    found = templates.get(by=invocation.by, pk=template)
    shown = following.compare_followers(template=found, **invocation.verb_args)
    _print_preview(invocation, shown)


@group_templates.command("new-groups", help=N_("Create groups from a template"))
@base.argument("template", type=int, help=TEMPLATE_HELP)
@base.argument("pattern", help=N_("name with {n} in place of the number"))
@base.argument("first", type=int, help=N_("first number"))
@base.argument("last", type=int, help=N_("last number"))
@base.option("--platform", default="wecom", help=N_("such as wecom or offline"))
@base.option("--digest", default="", help=N_("create what the preview showed"))
@options.pass_invocation
def add_groups(
    invocation: Invocation, template: int, digest: str, **fields: Any
) -> None:
    found = templates.get(by=invocation.by, pk=template)
    numbering = new_groups.Numbering(**fields)
    if digest:
        application = new_groups.create(
            template=found, numbering=numbering, digest=digest, **invocation.verb_args
        )
        _print_application(invocation, application)
        return
    shown = new_groups.plan(template=found, numbering=numbering, by=invocation.by)
    rows = [{"name": new.name, "problem": new.problem} for new in shown.groups]
    invocation.out.answer({"digest": shown.digest, "groups": rows})
    for row in rows:
        invocation.out.line(f"{row['name']}  {row['problem']}".rstrip())
    invocation.out.line(
        _("Create them with --digest %(digest)s") % {"digest": shown.digest}
    )


@group_templates.command("keep", help=N_("Choose the own values that a group keeps"))
@base.argument("key", help=N_("the group's key"))
@base.option(
    "--field", "fields", multiple=True, help=N_("such as card.rhythm; repeat it")
)
@options.pass_invocation
def keep(invocation: Invocation, key: str, fields: tuple[str, ...]) -> None:
    group = _get_group(invocation, key)
    pinned = following.pin(group=group, fields=fields, **invocation.verb_args)
    invocation.out.answer({"group": key, "pinned": pinned}, *pinned)


@group_templates.command("unfollow", help=N_("Let a group follow no template"))
@base.argument("key", help=N_("the group's key"))
@options.pass_invocation
def unfollow(invocation: Invocation, key: str) -> None:
    group = _get_group(invocation, key)
    following.unfollow(group=group, **invocation.verb_args)
    invocation.out.answer({"group": key}, _("The group follows no template."))


@group_templates.command("playbook", help=N_("Switch a playbook on or off in a group"))
@base.argument("key", help=N_("the group's key"))
@base.argument("playbook", help=N_("the playbook's key"))
@base.argument("state", type=click.Choice(["on", "off"]), help=N_("on or off"))
@options.pass_invocation
def set_playbook(invocation: Invocation, key: str, playbook: str, state: str) -> None:
    found = playbooks.get_by_key(by=invocation.by, key=playbook)
    excluded_groups.set_excluded(
        playbook=found,
        group=_get_group(invocation, key),
        excluded=state == "off",
        **invocation.verb_args,
    )
    invocation.out.answer({"group": key, "playbook": playbook, "runs": state == "on"})
