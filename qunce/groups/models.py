from __future__ import annotations

from qunce.groups.groups import Group, Membership, Stay

__all__ = ["Group", "Membership", "Stay"]
