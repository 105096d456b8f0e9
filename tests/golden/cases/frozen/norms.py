"""A frozen graph with batch norms as freeze_graph leaves them."""

from _case import enter_directory, seeded_graph, write_case
from _norms import run

enter_directory()
with seeded_graph():
    write_case(*run())
