"""Cases: what was found, which members reported it, and how often rules were right."""
