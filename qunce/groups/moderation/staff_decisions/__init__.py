"""What people decide: about cases, about appeals, and two of them about many members."""
