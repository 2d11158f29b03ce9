"""The checks of a rule as fields of a form: each can be chosen, with its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import Check
from qunce.groups.moderation.checks.options import MAX_WINDOWS, Option


@dataclass(frozen=True)
class OptionField:
    """An option with the text of each of its fields, by name without prefix."""

    option: Option[Any]
    name: str
    values: Mapping[str, str]

    @property
    def kind(self) -> str:
        return self.option.kind

    @property
    def value(self) -> str:
        return self.values.get(self.option.key, "")

    @property
    def at_most(self) -> str:
        return self.values.get(f"{self.option.key}_at_most", "")

    @property
    def choices(self) -> list[tuple[str, Any]]:
        return list(getattr(self.option, "choices", {}).items())

    @property
    def words(self) -> list[tuple[str, Any]]:
        return list(getattr(self.option, "words", {}).items())

    @property
    def windows(self) -> list[tuple[str, str, str, str]]:
        """The names and values of the number and the seconds of each row."""
        rows = []
        for index in range(MAX_WINDOWS):
            pair = [
                f"{self.option.key}_{part}_{index}" for part in ("at_most", "seconds")
            ]
            count, seconds = (self.values.get(name, "") for name in pair)
            if index < 2 or count or seconds:
                prefix = self.name.removesuffix(self.option.key)
                rows.append((prefix + pair[0], count, prefix + pair[1], seconds))
        return rows


@dataclass(frozen=True)
class CheckField:
    check: Check
    is_chosen: bool
    options: Sequence[OptionField]

    @property
    def name(self) -> str:
        return f"check-{self.check.key}"


def of_stored(checks: Sequence[Mapping[str, Any]]) -> list[CheckField]:
    """The fields of a rule; a check that is not in it has its defaults."""
    stored = {each["check"]: each["options"] for each in checks}
    return [
        _field(check, check.key in stored, stored.get(check.key))
        for check in base.list_all()
    ]


def of_posted(data: Mapping[str, str]) -> list[CheckField]:
    """The fields as they were sent, valid or not."""
    fields = []
    for check in base.list_all():
        prefix = f"{check.key}-"
        values = {
            name.removeprefix(prefix): str(value)
            for name, value in data.items()
            if name.startswith(prefix)
        }
        fields.append(
            CheckField(
                check,
                bool(data.get(f"check-{check.key}")),
                [OptionField(o, prefix + o.key, values) for o in check.options],
            )
        )
    return fields


def read(data: Mapping[str, str]) -> list[dict[str, Any]]:
    """The JSON of the chosen checks, yet to be parsed by their options."""
    return [
        {
            "check": each.check.key,
            "options": each.check.read_form(each.options[0].values),
        }
        if each.options
        else {"check": each.check.key, "options": {}}
        for each in of_posted(data)
        if each.is_chosen
    ]


def _field(check: Check, is_chosen: bool, stored: Any) -> CheckField:
    # What is stored was parsed before, which takes seconds for a long list.
    given = stored if isinstance(stored, Mapping) else {}
    values: dict[str, str] = {}
    for option in check.options:
        value = given.get(option.key, option.to_json(option.default))
        values.update(_texts(option, value))
    prefix = f"{check.key}-"
    return CheckField(
        check,
        is_chosen,
        [OptionField(o, prefix + o.key, values) for o in check.options],
    )


def _texts(option: Option[Any], value: Any) -> dict[str, str]:
    """The texts of the fields that `option.read_form` reads the value from."""
    key = option.key
    if option.kind == "flag":
        return {key: "on" if value else ""}
    if option.kind == "words":
        return {key: "\n".join(value)}
    if option.kind == "limit":
        if isinstance(value, Mapping):
            return {key: "at_most", f"{key}_at_most": str(value["at_most"])}
        return {key: str(value)}
    if option.kind == "windows":
        return {
            f"{key}_{part}_{index}": str(row[part])
            for index, row in enumerate(value)
            for part in ("at_most", "seconds")
        }
    return {key: str(value)}
