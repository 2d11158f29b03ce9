"""Actions in groups: planned, claimed, done, overtaken and stopped."""
