"""What may be fed to a graph's inputs, found from what the graph does with them."""
