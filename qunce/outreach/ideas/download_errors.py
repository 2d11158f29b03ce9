"""Why a feed or a page could not be read, in two sentences: what happened, what helps."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

STATUS, INTERNAL = "status", "internal"
NOT_FOUND = (404, 410)
WAIT = gettext_lazy("Qunce tries again later, with growing pauses.")
CHECK_ADDRESS = gettext_lazy("Open the address in a browser and correct it.")
CAUSES: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "invalid_address": (
        gettext_lazy("It leads to something that is not a web address."),
        CHECK_ADDRESS,
    ),
    "private_address": (
        gettext_lazy("It leads into a private network, where Qunce reads nothing."),
        gettext_lazy("Use an address that everybody can reach."),
    ),
    "unknown_host": (gettext_lazy("The host name does not exist."), CHECK_ADDRESS),
    "timeout": (gettext_lazy("The server did not answer in time."), WAIT),
    "unreachable": (gettext_lazy("The server cannot be reached."), WAIT),
    "too_large": (
        gettext_lazy("The document is larger than 2 MB."),
        gettext_lazy("Choose a feed of one topic, which is shorter."),
    ),
    "redirects": (
        gettext_lazy("The address leads from one redirect to the next."),
        CHECK_ADDRESS,
    ),
    "compressed": (
        gettext_lazy(
            "The server sends a compressed document although none was asked for."
        ),
        gettext_lazy("Ask the operator of the server, or use another feed."),
    ),
    "not_a_feed": (
        gettext_lazy("This is neither RSS nor Atom."),
        gettext_lazy(
            "Look for the address of the feed on the page, or choose another one."
        ),
    ),
    "broken_xml": (
        gettext_lazy("The XML of the feed is malformed."),
        gettext_lazy("Report it to the publisher. Qunce tries again later."),
    ),
    "forbidden_xml": (
        gettext_lazy("The feed has XML that a feed does not need, such as entities."),
        gettext_lazy("Use another feed. This one may be malicious."),
    ),
    INTERNAL: (
        gettext_lazy("An internal error. The log of the server describes it."),
        gettext_lazy("Update Qunce, or report the error with the lines of the log."),
    ),
}


def describe(error: str, status: int = 0) -> tuple[str, str]:
    """Return what happened and what helps, both "" without an error."""
    if not error:
        return "", ""
    if error == STATUS:
        answer = _("The server answered with status %(status)s.") % {"status": status}
        return answer, str(CHECK_ADDRESS if status in NOT_FOUND else WAIT)
    what, remedy = CAUSES.get(error, CAUSES[INTERNAL])
    return str(what), str(remedy)
