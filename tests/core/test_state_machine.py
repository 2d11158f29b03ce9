from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from qunce.core import state_machine

PARCEL = state_machine.StateMachine(
    {
        "send": (("packed",), "sent"),
        "lose": (("packed", "sent"), "lost"),
        "find": (("lost",), "sent"),
    }
)


@pytest.fixture
def parcels(transactional_db: None) -> Iterator[type[models.Model]]:
    with isolate_apps("qunce.core"):

        class Parcel(models.Model):
            state = models.CharField(max_length=10, default="packed")
            note = models.CharField(max_length=20, default="")

            class Meta:
                app_label = "core"

            def __str__(self) -> str:
                return self.state

        with connection.schema_editor() as editor:
            editor.create_model(Parcel)
        yield Parcel
        with connection.schema_editor() as editor:
            editor.delete_model(Parcel)


def test_transition_is_possible_only_from_its_origins() -> None:
    assert PARCEL.may("send", "packed")
    assert not PARCEL.may("send", "lost")
    with pytest.raises(state_machine.WrongState, match=r"“send”.*“lost”.*packed"):
        PARCEL.check("send", "lost")


@pytest.mark.both_databases
def test_transition_changes_the_state_and_the_given_fields(
    parcels: type[models.Model],
) -> None:
    parcel = parcels._default_manager.create()
    PARCEL.transition(parcel, "send", note="by road")
    assert (parcel.state, parcel.note) == ("sent", "by road")  # type: ignore[attr-defined]
    parcel.refresh_from_db()
    assert (parcel.state, parcel.note) == ("sent", "by road")  # type: ignore[attr-defined]


@pytest.mark.both_databases
def test_of_two_transitions_of_one_row_the_second_is_refused(
    parcels: type[models.Model],
) -> None:
    parcel = parcels._default_manager.create()
    other = parcels._default_manager.get(pk=parcel.pk)
    PARCEL.transition(parcel, "lose")
    with pytest.raises(state_machine.WrongState):
        PARCEL.transition(other, "send", note="too late")
    other.refresh_from_db()
    assert (other.state, other.note) == ("lost", "")  # type: ignore[attr-defined]


def test_diagram_lists_every_transition() -> None:
    assert PARCEL.diagram() == (
        "stateDiagram-v2\n"
        "    packed --> sent: send\n"
        "    packed --> lost: lose\n"
        "    sent --> lost: lose\n"
        "    lost --> sent: find\n"
    )
