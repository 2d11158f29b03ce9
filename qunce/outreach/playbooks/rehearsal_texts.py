"""What a playbook would have sent, or would send, in a sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.rehearsal import Rehearsal, StartPreview


def describe(found: Rehearsal, playbook: Playbook) -> str:
    """“It would have sent 1,204 messages to 311 members …”; no limit holds for groups."""
    sentence = _("It would have sent %(messages)s to %(recipients)s.")
    if playbook.subject == Subject.MEMBER:
        sentence = _(
            "It would have sent %(messages)s to %(recipients)s; the contact limit would"
            " have stopped %(n)s."
        )
    return sentence % _words(found, playbook)


def describe_start(found: StartPreview, playbook: Playbook) -> str:
    if not found.runs and not found.messages:
        return _("Nobody begins now, so nothing is sent before somebody new enters.")
    sentence = _(
        "%(runs)s would begin, and %(messages)s would be sent to %(recipients)s."
    )
    if found.over_budget:
        sentence += " " + _("The contact limit would stop %(n)s.")
    return sentence % _words(found, playbook)


def _words(found: Rehearsal, playbook: Playbook) -> dict[str, str]:
    of_groups = playbook.subject == Subject.GROUP
    recipients = (
        ngettext("%(n)s group", "%(n)s groups", found.recipients)
        if of_groups
        else ngettext("%(n)s member", "%(n)s members", found.recipients)
    )
    messages = ngettext("%(n)s message", "%(n)s messages", found.messages)
    return {
        "messages": messages % {"n": f"{found.messages:,}"},
        "recipients": recipients % {"n": f"{found.recipients:,}"},
        "runs": f"{found.runs:,}",
        "n": f"{found.over_budget:,}",
    }
