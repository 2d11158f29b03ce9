"""A fact as a program reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.core import errors
from qunce.members.accounts import resolver


@dataclass(frozen=True, slots=True)
class IncomingFact:
    """A fact as a program reports it.

    Name the member by key (`member`), `phone`, `email` or `unionid`, or give an account
    id (`account`) alone; the same holds for `group` and `group_id`.
    """

    kind: str
    happened_at: datetime
    member: str = ""
    account: int | None = None
    group: str = ""
    group_id: int | None = None
    payload: Mapping[str, Any] | None = None
    key: str = ""
    phone: str = ""
    email: str = ""
    unionid: str = ""

    @property
    def has_only_key(self) -> bool:
        """Whether the member is named by key and by nothing else, as usual."""
        return not (
            self.unionid or self.phone or self.email or self.account or not self.member
        )

    @property
    def references(self) -> dict[str, str]:
        """What names the member, by kind."""
        if not (self.unionid or self.phone or self.email):
            # As most programs do, a thousand times a request.
            return {resolver.MEMBER_KEY: self.member} if self.member else {}
        named = {
            resolver.MEMBER_KEY: self.member,
            "unionid": self.unionid,
            "phone": self.phone,
            "email": self.email,
        }
        return {kind: text for kind, text in named.items() if text}


class FactsRejected(errors.Invalid):
    """Some of these facts are invalid, so none was recorded."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        """`reasons` by the index of the invalid fact."""
        first = min(reasons)
        super().__init__(f"{first}: {reasons[first]}")
        self.reasons = dict(reasons)
