"""The oracle of points: each point is a token of its own, moved one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Token:
    """`state` is left, expired, reversed, or the key of the spend."""

    lot: int
    state: str = "left"


@dataclass
class Oracle:
    """Lots are numbered as they were earned: account, first day, last day."""

    day: int
    people: dict[int, set[int]]
    lots: dict[int, list[int]] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    owed: dict[int, int] = field(default_factory=dict)
    cases: dict[int, list[list[int]]] = field(default_factory=dict)

    def own(self, account: int) -> set[int]:
        return next(own for own in self.people.values() if account in own)

    def is_over(self, lot: int) -> bool:
        account, _first, last = self.lots[lot]
        for opened, closed in sorted(
            case for each in self.own(account) for case in self.cases.get(each, [])
        ):
            last = max(last, closed + 7) if opened <= last else last
        return last < self.day

    def usable(self, account: int) -> list[Token]:
        mine = [
            token
            for token in self.tokens
            if token.state == "left"
            and self.lots[token.lot][0] in self.own(account)
            and self.lots[token.lot][1] <= self.day
            and not self.is_over(token.lot)
        ]
        return sorted(mine, key=lambda one: (self.lots[one.lot][2], one.lot))

    def earn(self, lot: int, account: int, amount: int, first: int, last: int) -> None:
        self.lots[lot] = [account, first, last]
        self.tokens += [Token(lot) for _point in range(amount)]
        self.settle(account)

    def settle(self, account: int) -> None:
        for each in sorted(self.own(account)):
            for token in self.usable(account)[: self.owed.get(each, 0)]:
                token.state, self.owed[each] = "reversed", self.owed[each] - 1

    def spend(self, account: int, amount: int, key: str) -> bool:
        self.settle(account)
        chosen = self.usable(account)[:amount]
        if len(chosen) < amount:
            return False
        for token in chosen:
            token.state = key
        return True

    def restore(self, account: int, key: str) -> None:
        chosen = [token for token in self.tokens if token.state == key]
        for lot in {token.lot for token in chosen}:
            self.expire(lot)
            self.lots[lot][2] = max(self.lots[lot][2], self.day + 7)
        for token in chosen:
            token.state = "left"
        self.settle(account)

    def release(self, account: int, key: str) -> None:
        """What was reserved is as if it had not been: it is left, or it expired."""
        for token in self.tokens:
            if token.state == key:
                token.state = "expired" if self.is_over(token.lot) else "left"
                self.expire(token.lot)
        self.settle(account)

    def expire(self, lot: int) -> None:
        for token in self.tokens:
            if token.lot == lot and token.state == "left" and self.is_over(lot):
                token.state = "expired"

    def reverse(self, lot: int, amount: int) -> None:
        account = self.lots[lot][0]
        self.settle(account)
        own = [t for t in self.tokens if t.lot == lot and t.state == "left"]
        chosen = [*own, *(t for t in self.usable(account) if t.lot != lot)][:amount]
        for token in chosen:
            token.state = "reversed"
        self.owed[account] = self.owed.get(account, 0) + amount - len(chosen)
