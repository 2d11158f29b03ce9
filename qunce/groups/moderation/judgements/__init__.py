"""Judgements: what rules find in messages of a channel and in pasted ones, and what follows."""
