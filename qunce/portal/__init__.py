"""What members open: the short addresses of tracked links in their messages."""
