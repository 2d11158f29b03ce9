"""What can be done about a finding. Pages add where it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.insight.findings.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Action:
    """`button` has `%(n)s` people; `label` says in the past tense what was done.

    `text` is the draft of a message to them, with the variable `name`.
    """

    key: str
    label: StrOrPromise
    button: StrOrPromise
    text: StrOrPromise = ""

    def button_for(self, finding: Finding) -> str:
        if self.text:
            # A lazy plural is chosen by the number in the parameters.
            return str(self.button % {"n": finding.people})
        return str(self.button)


ACTIONS = {
    action.key: action
    for action in (
        Action(
            key="write_to_silent",
            label=gettext_lazy("wrote to the silent members"),
            button=ngettext_lazy(
                "Write to %(n)s silent member", "Write to %(n)s silent members", "n"
            ),
            text=gettext_lazy(
                "Hello {name|friend}, we have not heard from you for some days. Is there "
                "anything we can do for you?"
            ),
        ),
        Action(
            key="write_to_buyers",
            label=gettext_lazy("wrote to buyers who stopped"),
            button=ngettext_lazy(
                "Write to %(n)s buyer who stopped",
                "Write to %(n)s buyers who stopped",
                "n",
            ),
            text=gettext_lazy(
                "Hello {name|friend}, it has been a while since your last order. Is there "
                "anything that we can do better?"
            ),
        ),
        Action(
            key="welcome",
            label=gettext_lazy("welcomed the newcomers"),
            button=ngettext_lazy(
                "Welcome %(n)s newcomer", "Welcome %(n)s newcomers", "n"
            ),
            text=gettext_lazy(
                "Welcome, {name|friend}. If you have a question, write to us at any time."
            ),
        ),
        Action(
            key="contact_limits",
            label=gettext_lazy("checked the contact limits"),
            button=gettext_lazy("Check the contact limits"),
        ),
        Action(
            key="group_posts",
            label=gettext_lazy("looked at what the group gets"),
            button=gettext_lazy("See what this group gets"),
        ),
        Action(
            key="compare_sources",
            label=gettext_lazy("compared the sources"),
            button=gettext_lazy("Compare the sources"),
        ),
        Action(
            key="other",
            label=gettext_lazy("did something else"),
            button=gettext_lazy("Something else was done"),
        ),
    )
}


def draft_of(finding: Finding, action: str) -> tuple[str, str]:
    """The name and the text of a campaign to the people behind a finding."""
    text = str(ACTIONS[action].text)
    where = finding.group_name or _("the community")
    name = _("%(where)s, %(day)s") % {"where": where, "day": finding.since.isoformat()}
    return name[:80], text
