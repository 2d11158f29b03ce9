"""Matrix: rooms and direct messages of one account on a homeserver; see README.md."""
