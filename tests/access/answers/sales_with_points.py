"""What verbs of auctions, flash sales and malls answer to whom, as in `answers`."""

from __future__ import annotations

B, R, M = (
    "activities.auctions.bids",
    "activities.flash_sales.reservations",
    "activities.mall.redemptions",
)
ANSWERS: dict[str, str] = {
    # An activity of a hidden group.
    "rraaaanna": f"""
        {B}.list_visible
        {R}.list_visible
        {R}.list_waiters
        {M}.list_visible
        activities.eligibility.find_people
    """,
    "rraaannna": f"""
        {B}.get_bid
        {R}.get
        {R}.confirm
        {R}.declare_void
        {M}.get
    """,
    # It is too late for these.
    "rrxxxnnnx": f"""
        {B}.declare_void
        {M}.undo
    """,
}
