"""`qunce remark-names`: what members are called in staff's contacts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.people import named_members, people
from qunce.members.people import remark_names as store

remark_names = base.Group("remark-names")


@remark_names.command("show", help=N_("Show the remark name of a member"))
@base.argument("member", help=N_("the member's key, phone number or e-mail address"))
@options.pass_invocation
def show(invocation: Invocation, member: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    person = people.get_by_account(account.pk)
    name = store.render_for(person, by=invocation.by)
    invocation.out.answer({"remark_name": name}, name)


@remark_names.command("pattern", help=N_("Show the pattern, and what it can contain"))
@options.pass_invocation
def pattern(invocation: Invocation) -> None:
    found = store.get_pattern(invocation.community)
    variables = store.list_variables(invocation.community)
    invocation.out.answer(
        {
            "text": found.text,
            "max_length": found.max_length,
            "variables": {name: str(label) for name, label in variables.items()},
        },
        found.text,
        _("at most %(n)s characters") % {"n": found.max_length},
        *(f"  {{{name}}}  {label}" for name, label in variables.items()),
    )


@remark_names.command("set", help=N_("Set the pattern of remark names"))
@base.argument("text", help=N_("with variables, such as {stage|new}-{name}"))
@base.option(
    "--max-length",
    type=int,
    default=store.DEFAULT_MAX_LENGTH,
    help=N_("characters of a remark name at most"),
)
@options.pass_invocation
def set_pattern(invocation: Invocation, text: str, max_length: int) -> None:
    found = store.set_pattern(text=text, max_length=max_length, **invocation.query_args)
    invocation.out.answer(
        {"text": found.text, "max_length": found.max_length}, found.text
    )
