"""Base classes of errors whose text is a sentence for the user."""

from __future__ import annotations


class QunceError(Exception):
    """Something that the user can understand and correct."""


class Unavailable(QunceError):
    """It is not possible now, and will be again without anybody's doing."""


class Invalid(QunceError):
    """A value is not valid."""


class NotFound(QunceError):
    """The thing does not exist, or is outside the scope of the staff who asked."""


class Refused(QunceError):
    """The staff may not do this, or it is not possible in the current state."""
