"""A classifier of messages for one community, which learns from its settled cases only.

Its guesses are never a ground for an action; see checks.findings.AdvisoryFinding.
"""
