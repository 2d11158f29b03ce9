"""What can go wrong, told to the reader: the text of each error is a sentence."""

from __future__ import annotations


class QunceError(Exception):
    """Something that the reader can understand and mend."""


class Invalid(QunceError):
    """What was given does not fit."""


class NotFound(QunceError):
    """It is not there, or not in the reader's scope."""


class Refused(QunceError):
    """The reader may not do this, or not now."""
