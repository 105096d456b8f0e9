"""Rewrites that preserve what an op computed in the release that wrote the graph, where that changed since."""
