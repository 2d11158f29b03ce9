"""Names of what a definition refers to by key, for sentences that people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Names:
    """Each maps keys to names; a key without a name stands for itself.

    `steps` are the numbers that the list shows. `layers` are by layering and layer.
    """

    steps: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)

    def step(self, step_id: str) -> str:
        return self.steps.get(step_id, step_id)

    def segment(self, key: str) -> str:
        return self.segments.get(key, key)

    def tag(self, key: str) -> str:
        return self.tags.get(key, key)

    def attribute(self, name: str) -> str:
        return self.attributes.get(name, name)

    def group(self, key: str) -> str:
        return self.groups.get(key, key)

    def staff_member(self, login: str) -> str:
        return self.staff.get(login, login)

    def layer(self, layering: str, layer: str) -> str:
        return self.layers.get((layering, layer), layer)


NOTHING = Names()
