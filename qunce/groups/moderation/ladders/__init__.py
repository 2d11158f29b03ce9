"""Ladders: what follows from the strikes that members have."""
