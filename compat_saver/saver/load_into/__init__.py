"""load_into: weights into the variables, modules and Keras models of a program.

Reading order: `targets` (the variables of a target and their names), `walk` (target and checkpoint object by object),
`positions` (layer order against names), `names` (the names to look for), `settings` (layer configurations against
that in a file), `cell_graphs` and `recurrent` (weights in other layouts), `pairs` and `layer_order` (layers whose
weights have other names), `old_files`, `gru_biases`, `optimizers`, `optimizer_reports`, `load_into` itself.
"""
