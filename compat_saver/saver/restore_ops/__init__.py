"""A saver's ops in a live graph: what they ask for, how it is given, what their failures mean."""
