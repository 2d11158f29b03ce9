"""Triggers that refuse changes of draws that are published, closed or drawn.

They hold for every program that writes to the database, ours included. The verbs check
the same before, with a sentence for people.
"""

from __future__ import annotations

from typing import Any

PUBLISHED = (
    *("activity_id", "seed", "source", "figure_name", "figure_digits"),
    *("figure_at", "terms", "terms_hash"),
)
CLOSED = (
    *("closing", "closed_at", "root", "tickets_count", "people_count"),
    *("removed", "drand_round"),
)
DRAWN = ("signature", "public_value", "value", "revealed_seed", "drawn_at")
TICKET = ("draw_id", "account_id", "person_id", "n", "secret", "leaf")
RESULT = ("draw_id", "k", "ticket_id", "outcome", "prize", "instead_of", "drawn_at")


def _changed(names: tuple[str, ...], operator: str) -> str:
    return " OR ".join(f"NEW.{name} {operator} OLD.{name}" for name in names)


Rule = tuple[str, str, str, str, str]
"""Name, event, table, condition and sentence of a trigger."""
AFTER = "IN ('closed', 'drawn', 'void')"
TRUE = "TRUE"


def _state_of(row: str) -> str:
    return f"(SELECT state FROM draws_draw WHERE id = {row}.draw_id)"  # noqa: S608


def _rules(differs: str) -> list[Rule]:
    figures: list[Rule] = [
        (
            f"draws_figure_{event.lower()}",
            event,
            "draws_figureentry",
            TRUE,
            "a typed figure cannot be changed",
        )
        for event in ("UPDATE", "DELETE")
    ]
    return [
        *_draw_rules(differs),
        *_prize_rules(),
        *_ticket_rules(differs),
        *_result_rules(differs),
        *figures,
    ]


def _draw_rules(differs: str) -> list[Rule]:
    conditions = (
        f"OLD.state <> 'prepared' AND ({_changed(PUBLISHED, differs)})",
        f"OLD.state {AFTER} AND ({_changed(CLOSED, differs)})",
        f"OLD.value <> '' AND ({_changed(DRAWN, differs)})",
        f"OLD.state {AFTER} AND NEW.state IN ('prepared', 'open')",
        "OLD.state = 'void' AND NEW.state <> 'void'",
    )
    return [
        (
            "draws_no_deletion",
            "DELETE",
            "draws_draw",
            f"OLD.state {AFTER}",
            "a closed draw cannot be deleted",
        ),
        (
            "draws_no_change",
            "UPDATE",
            "draws_draw",
            " OR ".join(f"({condition})" for condition in conditions),
            "a published draw cannot be changed",
        ),
    ]


def _prize_rules() -> list[Rule]:
    return [
        (
            f"draws_prize_{event.lower()}",
            event,
            "draws_drawprize",
            f"{_state_of('NEW' if event == 'INSERT' else 'OLD')} <> 'prepared'",
            "the prizes of a published draw cannot be changed",
        )
        for event in ("INSERT", "UPDATE", "DELETE")
    ]


def _ticket_rules(differs: str) -> list[Rule]:
    return [
        (
            "draws_ticket_insert",
            "INSERT",
            "draws_ticket",
            f"{_state_of('NEW')} <> 'open'",
            "tickets can be added to an open draw only",
        ),
        (
            "draws_ticket_update",
            "UPDATE",
            "draws_ticket",
            f"({_changed(TICKET, differs)}) OR {_state_of('OLD')} {AFTER}",
            "a ticket cannot be changed",
        ),
        (
            "draws_ticket_delete",
            "DELETE",
            "draws_ticket",
            f"{_state_of('OLD')} {AFTER}",
            "a ticket of a closed draw cannot be deleted",
        ),
    ]


def _result_rules(differs: str) -> list[Rule]:
    return [
        (
            "draws_result_insert",
            "INSERT",
            "draws_result",
            "(SELECT value FROM draws_draw WHERE id = NEW.draw_id) = ''",
            "only a draw with a value has results",
        ),
        (
            "draws_result_update",
            "UPDATE",
            "draws_result",
            f"({_changed(RESULT, differs)}) OR OLD.award_id IS NOT NULL",
            "a result cannot be changed",
        ),
        ("draws_result_delete", "DELETE", "draws_result", TRUE, "results stay"),
    ]


def create(apps: Any, editor: Any) -> None:
    """Create the triggers, at the end of the migration that creates the tables."""
    if editor.connection.vendor == "postgresql":
        for name, event, table, condition, sentence in _rules("IS DISTINCT FROM"):
            returned = "OLD" if event == "DELETE" else "NEW"
            editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
                f" BEGIN IF {condition} THEN RAISE EXCEPTION '{sentence}'"
                " USING ERRCODE = 'integrity_constraint_violation'; END IF;"
                f" RETURN {returned}; END $$"
            )
            editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        return
    for name, event, table, condition, sentence in _rules("IS NOT"):
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )


def remove(apps: Any, editor: Any) -> None:
    """Remove the triggers."""
    is_postgresql = editor.connection.vendor == "postgresql"
    for name, _event, table, _condition, _sentence in _rules("IS NOT"):
        editor.execute(
            f"DROP TRIGGER {name} ON {table}"
            if is_postgresql
            else f"DROP TRIGGER {name}"
        )
        if is_postgresql:
            editor.execute(f"DROP FUNCTION {name}()")
