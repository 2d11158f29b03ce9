"""What verbs of surveys answer to whom, as in `answers`."""

from __future__ import annotations

S = "members.surveys"
ANSWERS: dict[str, str] = {
    # A survey is asked to the whole community.
    "rraaarrnr": f"""
        {S}.surveys.create
        {S}.surveys.update
        {S}.surveys.publish
        {S}.surveys.close
        {S}.surveys.reopen
        {S}.surveys.ask_again
        {S}.surveys.delete_draft
        {S}.responses.delete
    """,
    "raaaaaana": f"""
        {S}.surveys.get
        {S}.surveys.get_by_key
        {S}.results.compute
    """,
    "raaaaaaaa": f"{S}.surveys.list_all",
    # Without the members whom they do not see.
    "rraaaaana": f"""
        {S}.results.list_texts
        {S}.exports.table
        {S}.typed_lines.take
    """,
    "rraaanana": f"""
        {S}.responses.get
        {S}.responses.submit
        {S}.effects.decide
    """,
    # Nothing waits for those who may not read answers.
    "aaaaaaaaa": f"{S}.effects.list_waiting",
}
