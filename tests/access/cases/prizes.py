"""How the sweep calls verbs: prizes and draws."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.draws import draws, entrants, results, tickets
from qunce.activities.draws.models import Draw, State
from qunce.activities.prizes import awards, claims, prizes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock
from tests.access.cases.base import Case, both, case, just
from tests.access.world import World

HOUR = timedelta(hours=1)
HOME = Address(recipient="Li Lei", phone="13800138000", address="1 Nanjing Road")


def made_prize(world: World, kind: str = "goods") -> PrizeStock:
    return prizes.create(
        community=world.community,
        name="Cup",
        kind=kind,
        total=9,
        by=world.owner,
        at=world.at,
    )


def prize(world: World) -> dict[str, Any]:
    return {"prize": made_prize(world)}


def code_prize(world: World) -> dict[str, Any]:
    return {"prize": made_prize(world, "code")}


def prize_pk(world: World) -> dict[str, Any]:
    return {"pk": made_prize(world).pk}


def made_award(world: World, **fields: Any) -> Award:
    created = awards.award(
        stock=made_prize(world),
        account_id=world.ids["account"],
        source="hand",
        source_key="1",
        at=world.at,
        **fields,
    )
    if created is None:
        raise AssertionError("nothing is left")
    return created


def award(world: World) -> dict[str, Any]:
    return {"award": made_award(world)}


def award_pk(world: World) -> dict[str, Any]:
    return {"pk": made_award(world).pk}


def held(world: World) -> dict[str, Any]:
    return {"award": made_award(world, is_held=True)}


def claimed_award(world: World) -> Award:
    found = made_award(world)
    claims.claim(award=found, way=ClaimedBy.PAGE, address=HOME, at=world.at)
    return found


def claimed(world: World) -> dict[str, Any]:
    return {"award": claimed_award(world)}


def chosen(world: World) -> dict[str, Any]:
    return {"chosen": [claimed_award(world)]}


def line(world: World) -> dict[str, Any]:
    return {"text": f"{claimed_award(world).pk} SF SF123456"}


def made_activity(world: World, **settings: Any) -> Any:
    return activities.create(
        community=world.community,
        kind="draw",
        name="Draw",
        text="Take part",
        refusal="For others",
        may_join={"all": []},
        settings=settings,
        starts_at=world.at - 4 * HOUR,
        ends_at=world.at - 2 * HOUR,
        by=world.owner,
        at=world.at - 5 * HOUR,
    )


def made_draw(world: World, **settings: Any) -> Draw:
    chosen = made_activity(world, **settings)
    draw = draws.prepare(activity=chosen, by=world.owner, at=world.at)
    draws.set_prizes(
        draw=draw,
        prizes=[(made_prize(world), 1)],
        by=world.owner,
        at=world.at,
    )
    return draw


def activity(world: World) -> dict[str, Any]:
    return {"activity": made_activity(world)}


def activity_of_draw(world: World) -> dict[str, Any]:
    return {"activity": made_draw(world).activity}


def draw(world: World) -> dict[str, Any]:
    return {"draw": made_draw(world)}


def new_prizes(world: World) -> dict[str, Any]:
    return {"draw": made_draw(world), "prizes": [(made_prize(world), 2)]}


def closed_draw(world: World, source: str = "figure") -> Draw:
    """A draw with one ticket of the member, which waits for its public value."""
    found, start = made_draw(world), world.at - 4 * HOUR
    is_figure = source == "figure"
    draws.set_public_value(
        draw=found,
        source=source,
        figure_name="Index",
        figure_digits=2 if is_figure else None,
        figure_at=world.at - HOUR if is_figure else None,
        by=world.owner,
        at=start,
    )
    lifecycle.submit(activity=found.activity, by=world.owner, at=start)
    manager = world.staff_by_role["manager"]
    lifecycle.approve(activity=found.activity, by=manager, at=start)
    account = world.ids["account"]
    tickets.issue(
        activity=found.activity,
        account_id=account,
        person_id=account,
        accounts=[account],
        at=start,
    )
    entrants.close(found.activity, world.at - 2 * HOUR)
    found.refresh_from_db()
    return found


def open_draw(world: World) -> dict[str, Any]:
    """A draw with one ticket of the member, who may have more."""
    found, start = made_draw(world, most_tickets=3), world.at - 4 * HOUR
    lifecycle.submit(activity=found.activity, by=world.owner, at=start)
    manager = world.staff_by_role["manager"]
    lifecycle.approve(activity=found.activity, by=manager, at=start)
    account = world.ids["account"]
    tickets.issue(
        activity=found.activity,
        account_id=account,
        person_id=account,
        accounts=[account],
        at=start,
    )
    Activity.objects.filter(pk=found.activity_id).update(ends_at=world.at + HOUR)
    found = draws.get(found.activity)
    return {"draw": found, "account_id": account}


def closed(world: World) -> dict[str, Any]:
    return {"draw": closed_draw(world)}


def drawn(world: World) -> dict[str, Any]:
    found = closed_draw(world)
    results.complete(
        draw=found, public_value="12", public_bytes=b"12", signature="", at=world.at
    )
    found.refresh_from_db()
    if found.state != State.DRAWN:
        raise AssertionError(found.state)
    row = found.results.get(outcome="won")
    return {"draw": found, "k": row.k}


def with_drand(world: World) -> dict[str, Any]:
    return {"draw": closed_draw(world, "drand")}


CLAIM: Case = both(award, just(way=ClaimedBy.STAFF, address=HOME))
case(
    "activities.prizes.prizes",
    create=just(name="Cup", kind="goods", total=3),
    update=both(prize, just(name="Mug")),
    add_stock=both(prize, just(count=2)),
    archive=prize,
    list_visible=just(),
    get=prize_pk,
)
case("activities.prizes.codes", upload=both(code_prize, just(text="A")))
case("activities.prizes.awards", get=award_pk, list_visible=just())
case("activities.prizes.addresses", read=chosen)
case("activities.prizes.claims", claim=CLAIM, release=held)
case(
    "activities.prizes.delivery",
    send=both(claimed, just(carrier="SF", parcel_number="SF123456")),
    paste_parcels=line,
    hand_over=claimed,
    take_back=both(claimed, just(reason="Back")),
    list_to_hand_over=just(),
    export_csv=chosen,
)
case(
    "activities.draws.draws",
    prepare=activity,
    set_prizes=new_prizes,
    set_public_value=both(draw, just(source="drand")),
    get_visible=activity_of_draw,
)
case(
    "activities.draws.public_values",
    type_figure=both(closed, just(figure="12")),
    paste_signature=both(with_drand, just(signature="a" * 96)),
)
case("activities.draws.tickets", grant=both(open_draw, just(count=1, reason="Help")))
case("activities.draws.voids", declare_void=both(closed, just(reason="Fault")))
case("activities.draws.results", draw_again=both(drawn, just(reason="Not wanted")))
