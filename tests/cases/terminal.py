"""An operator's terminal: files go in, and the public answers come out."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.cli.runner import Result, Run

Rows = Sequence[Sequence[Any]]

REFUSED = (2, 4)
"""Exit codes of an input that is not valid, and of one that is not allowed."""


@dataclass(frozen=True)
class Terminal:
    run: Run
    folder: Path
    """Where the files lie."""

    def write(self, name: str, text: str, encoding: str = "utf-8") -> str:
        (self.folder / name).write_bytes(text.encode(encoding))
        return name

    def write_table(self, name: str, rows: Rows) -> str:
        """Write a CSV file whose cells are quoted where they need it."""
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return name

    def write_workbook(self, name: str, **sheets: Rows) -> str:
        """Write a workbook; a sheet whose name begins with `hidden` is hidden."""
        with xlsxwriter.Workbook(self.folder / name) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for index, row in enumerate(rows):
                    sheet.write_row(index, 0, row)
                if title.startswith("hidden"):
                    sheet.hide()
                else:
                    sheet.activate()
        return name

    def import_file(self, file: str, target: str, *words: str) -> Result:
        return self.run(
            "import", str(self.folder / file), "--as", target, *words, "--json"
        )

    def imports(self, file: str, target: str, *words: str) -> dict[str, Any]:
        """Import a file that is not refused, and return the report."""
        result = self.import_file(file, target, *words)
        assert result.code == 0, result.errors
        report: dict[str, Any] = result.json
        return report

    def refuses(
        self, file: str, target: str, *options: str, naming: tuple[str, ...]
    ) -> str:
        """Import a file that is refused; the reason has every text of `naming`.

        Nothing of the file is stored.
        """
        before = self.stored()
        result = self.import_file(file, target, *options)
        assert result.code in REFUSED, result.output + result.errors
        assert "Traceback" not in result.errors, result.errors
        for text in naming:
            assert text in result.errors, result.errors
        assert self.stored() == before
        return result.errors

    def stored(self) -> tuple[object, ...]:
        return self.members(), self.order_list(), self.status()["facts"]

    def ask(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.code == 0, result.errors
        return result.json

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("status")
        return answer

    def order_list(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("orders", "list")["orders"]
        return found

    def orders(self) -> dict[str, dict[str, Any]]:
        return {each["key"]: each for each in self.order_list()}

    def amounts(self) -> dict[str, tuple[str, str]]:
        """What was paid for each order, and what of it was refunded."""
        return {
            key: (order["amount"], order["refunded"])
            for key, order in sorted(self.orders().items())
        }

    def items(self, order: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("orders", "show", order)["items"]
        return found

    def members(self) -> dict[str, dict[str, Any]]:
        return {each["key"]: each for each in self.ask("members", "list")["members"]}

    def member(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("members", "show", key)
        return found

    def names(self) -> dict[str, str]:
        return {key: each["name"] for key, each in sorted(self.members().items())}

    def attribute(self, key: str, name: str) -> Any:
        return self.member(key)["attributes"][name]["value"]

    def phones(self) -> set[str]:
        """The phone numbers of all members."""
        return {
            each["value"]
            for member in self.members().values()
            for each in member["identifiers"]
            if each["kind"] == "phone"
        }

    def audience(self, rule: dict[str, Any], *words: str) -> list[str]:
        """The keys of the members in an audience, in alphabetical order."""
        answer = self.ask("audience", "list", json.dumps(rule), *words)
        return sorted(answer["keys"])

    def tagged(self, tag: str) -> list[str]:
        return self.audience({"tag": {"any": [tag]}})

    def buyers(self) -> list[str]:
        return self.audience({"did": {"kind": "order.paid"}})
