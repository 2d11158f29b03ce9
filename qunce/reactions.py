"""What happens next: a kind of fact, and the verbs that follow from it. One page."""

from __future__ import annotations

from qunce.core import reacting

CONSUMER = reacting.Consumer("reactions", {})
