"""How a visitor wants to see pages: language, theme and size of the type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation

from qunce.members.personal_links import links
from qunce.portal.visitors import device_cookies

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from qunce.core.communities import Community
    from qunce.portal.http import Request

COOKIE, FRAME_COOKIE = "qunce_display", "qunce_widget_display"
LANGUAGES = ("zh-hans", "en")
THEMES = ("system", "light", "dark")
SIZES = ("normal", "large")


@dataclass(frozen=True)
class Display:
    language: str
    theme: str = "system"
    size: str = "normal"

    @property
    def is_large(self) -> bool:
        return self.size == "large"


def of(request: Request, community: Community) -> Display:
    """What the visitor chose, or what their browser and the community suggest."""
    name = FRAME_COOKIE if request.frame_origins else COOKIE
    chosen = request.COOKIES.get(name, "").split(".")
    language, theme, size = (*chosen, "", "", "")[:3]
    if language not in LANGUAGES:
        language = _suggested(request, community)
    return Display(
        language=language,
        theme=theme if theme in THEMES else "system",
        size=size if size in SIZES else "normal",
    )


def _suggested(request: HttpRequest, community: Community) -> str:
    """The first language of the browser that we have, else the community's."""
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        code = part.partition(";")[0].strip().lower()
        if code.startswith("zh"):
            return "zh-hans"
        if code.startswith("en"):
            return "en"
    language = translation.get_supported_language_variant(
        community.language or settings.LANGUAGE_CODE
    )
    return language if language in LANGUAGES else "en"


def store(request: Request, response: HttpResponse, display: Display) -> None:
    is_framed = bool(request.frame_origins)
    device_cookies.write(
        response,
        FRAME_COOKIE if is_framed else COOKIE,
        f"{display.language}.{display.theme}.{display.size}",
        path=request.root if is_framed else links.PATH,
        is_framed=is_framed,
    )
