"""What is looked for in messages, names, files and joins; each check is one file.

Everything here is pure: a check gets a subject and plain values, and returns findings.
"""
