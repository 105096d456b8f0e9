"""What a graph is for: its weights, its likely outputs, what may be fed, what blocks a migration. Changes nothing."""
