"""What verbs of prizes and draws answer to whom, as in `table`."""

from __future__ import annotations

P, D = "activities.prizes", "activities.draws"
ANSWERS: dict[str, str] = {
    # The stock is that of the whole community.
    "rraaarrnr": f"""
        {P}.codes.upload
        {P}.prizes.add_stock
        {P}.prizes.archive
        {P}.prizes.create
        {P}.prizes.update
    """,
    "rraaaaaaa": f"""
        {P}.awards.list_visible
        {P}.delivery.list_to_hand_over
        {P}.prizes.list_visible
    """,
    "rraaanana": f"""
        {P}.awards.get
        {P}.claims.claim
        {P}.delivery.hand_over
        {P}.delivery.send
    """,
    "rraaaaana": f"""
        {P}.prizes.get
        {P}.claims.release
        {P}.delivery.export_csv
        {P}.delivery.paste_parcels
        {P}.delivery.take_back
        {P}.addresses.read
        {D}.draws.get_visible
        {D}.draws.prepare
        {D}.draws.set_prizes
        {D}.draws.set_public_value
        {D}.public_values.paste_signature
        {D}.public_values.type_figure
        {D}.results.draw_again
        {D}.voids.declare_void
    """,
}
