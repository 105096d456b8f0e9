"""Rewrites that change the shape of a graph: what is kept, renamed, cut, folded, made a resource."""
