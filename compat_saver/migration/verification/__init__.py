"""Proves a written model equal to the original graph."""
