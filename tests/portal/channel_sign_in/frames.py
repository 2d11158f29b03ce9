"""Frames of widgets, in which members sign in through Matrix."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.channels.matrix.homeserver import NAME
from tests.portal.phones import AGENT

PAGE = "/p/shop/widget/sign-in/matrix"
LI = f"@li:{NAME}"
OURS = {"origin": "http://testserver"}
REFUSAL = "You could not be signed in this way"


class Frame:
    """The frame of a widget; its browser stores the cookie of frames, or none."""

    def __init__(self, *, stores: bool = True, page: str = PAGE) -> None:
        self.client = Client(headers={"accept-language": "en", "user-agent": AGENT})
        self.stores, self.page = stores, page

    def open(self, path: str = "") -> Any:
        response = self.client.get(path or self.page)
        self._forget()
        return response

    def _forget(self) -> None:
        if not self.stores:
            self.client.cookies.clear()

    def hand(
        self,
        token: str = "good",
        server: str = NAME,
        headers: dict[str, str] = OURS,
        **more: str,
    ) -> Any:
        """What the script sends once the app has answered."""
        form = {"access_token": token, "matrix_server_name": server, **more}
        response = self.client.post(self.page, form, headers=headers)
        self._forget()
        return response

    def enter(self, **given: Any) -> Any:
        self.open()
        return self.hand(**given)
