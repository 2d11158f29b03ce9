"""Phones of members: clients that open member pages and press their buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.personal_links import links, purposes, sign_in_codes

AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 14_0) MicroMessenger/8.0.49"
FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Phone:
    """A browser with cookies of its own; `page` is the last page that it shows."""

    community: Community
    language: str = "en"
    client: Client = field(init=False)
    page: str = ""
    status: int = 0
    url: str = ""
    response: Any = None

    def __post_init__(self) -> None:
        headers = {"accept-language": self.language, "user-agent": AGENT}
        self.client = Client(headers=headers)

    @property
    def root(self) -> str:
        return f"/p/{self.community.key}/"

    def open(self, path: str, **extra: Any) -> str:
        url = path if path.startswith("/") else self.root + path
        return self._show(self.client.get(url, follow=True, **extra), url)

    def press(self, action: str, **fields: str | list[str]) -> str:
        """Send the form of the page whose address ends so, with what it contains."""
        for url, content in FORM.findall(self.page):
            if url.endswith(action):
                data = {**dict(FIELD.findall(content)), **fields}
                return self._show(self.client.post(url, data, follow=True), url)
        raise AssertionError(f"there is no form {action} on {self.url}: {self.page}")

    def _show(self, response: Any, url: str) -> str:
        self.response = response
        self.status = response.status_code
        redirects = getattr(response, "redirect_chain", [])
        self.url = redirects[-1][0] if redirects else url
        self.page = response.getvalue().decode(errors="replace")
        return self.page

    def bind(self, account: int, purpose: str = "home") -> str:
        """Open a new personal link of a member and say that it is theirs."""
        self.open(link_of(self.community, account, purpose))
        return self.press(self.url)

    def sign_in(self, account: int) -> str:
        """Show six digits, which staff confirm."""
        self.open("sign-in")
        page = self.press("sign-in/code")
        digits = re.findall(r'class="digits"[^>]*>(\d{6})<', page)[0]
        sign_in_codes.confirm(
            account_id=account,
            digits=digits,
            by=staff_models.system(self.community),
            at=datetime.now(UTC),
        )
        return self.open("me")


def link_of(community: Community, account: int, purpose: str = "home") -> str:
    """The path of a new personal link."""
    by = staff_models.system(community)
    return links.make(account_id=account, purpose=purpose, by=by, at=datetime.now(UTC))


def activity(reference: str = "7Hk2") -> str:
    return purposes.of(purposes.ACTIVITY, reference)
