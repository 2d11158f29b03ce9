"""Member pages in the frame of an app, such as the widget of a room.

They are the same pages below a path of their own, with a cookie of their own: what members
do in their browser cannot be framed. Only apps whose origins staff have set may show them,
and without such an app the path leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponseBase

from qunce.channels.accounts import member_sign_in
from qunce.core.communities import Community
from qunce.members.personal_links.portal_settings import WIDGET


class PlaceConverter:
    """The key of a community in a URL, with `/widget` for its pages in a frame."""

    regex = rf"[^/]+(?:/{WIDGET})?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def split(place: str) -> tuple[str, bool]:
    """The key of a community, and whether its pages are in a frame."""
    key, slash, _widget = place.partition("/")
    return key, bool(slash)


def place_of(community: Community, *, is_framed: bool) -> str:
    return f"{community.key}/{WIDGET}" if is_framed else community.key


def list_origins(community: Community) -> Sequence[str]:
    """The origins of the apps that may frame the pages of a community."""
    return member_sign_in.list_origins(community.pk)


def allow(
    request: HttpRequest, response: HttpResponseBase, origins: Sequence[str]
) -> HttpResponseBase:
    """Let these origins frame a response; without one, nothing is changed."""
    if not origins:
        return response
    # The older header knows no list of origins, and browsers that know the policy skip it.
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    replace = csp_replace({"frame-ancestors": list(origins)})
    return replace(lambda _request: response)(request)
