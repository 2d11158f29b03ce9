"""Rules: checks with conditions, what their checks remember, and how often they were right."""
