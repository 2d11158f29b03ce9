"""Moderation of groups: checks find, rules decide, and actions follow."""
