"""What a graph is for: its weights and where they lie, its likely outputs, what stands in the way. Changes nothing."""
