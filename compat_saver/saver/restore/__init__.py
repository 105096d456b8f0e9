"""restore(SOURCE): a legacy model in a session of its own."""
