"""What verbs of prizes and draws answer to whom, as in `answers`."""

from __future__ import annotations

P, D = "activities.prizes", "activities.draws"
ANSWERS: dict[str, str] = {
    # The activity is for all groups, and the member has to be seen.
    "rraaanrna": f"{D}.tickets.grant",
    # The stock is that of the whole community.
    "rraaarrnr": f"""
        {P}.claims.release
        {P}.codes.upload
        {P}.delivery.take_back
        {P}.prizes.add_stock
        {P}.prizes.archive
        {P}.prizes.create
        {P}.prizes.update
    """,
    "rraaaaana": f"""
        {P}.prizes.get
        {D}.draws.get_visible
        {D}.public_values.paste_signature
        {D}.public_values.type_figure
        {D}.voids.declare_void
    """,
    # Lines of winners whom they do not see are reported as problems.
    "rraaaaaaa": f"""
        {P}.awards.list_visible
        {P}.delivery.list_to_hand_over
        {P}.delivery.paste_parcels
        {P}.prizes.list_visible
    """,
    "rraaanana": f"""
        {P}.awards.get
        {P}.claims.claim
        {P}.delivery.hand_over
        {P}.delivery.send
        {D}.results.draw_again
    """,
    # Without those whom they do not see.
    "rrraaaaaa": f"""
        {P}.addresses.read
        {P}.delivery.export_csv
    """,
    # The activity is for all groups.
    "rraaaarna": f"""
        {D}.draws.prepare
        {D}.draws.set_prizes
        {D}.draws.set_public_value
    """,
}
