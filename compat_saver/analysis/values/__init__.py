"""What a graph keeps: its variables and lookup tables, and where the value of each is stored."""
