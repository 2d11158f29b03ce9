"""Clauses of rules that outreach declares."""
