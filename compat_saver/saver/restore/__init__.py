"""restore(SOURCE): a legacy model in a session of its own.

Reading order: `report`, `graph_import` (the tf.Graph and its saver), `initialization` (what the checkpoint does not
hold), `endpoints` (inputs and outputs by key), `runner` (RestoredModel.run), `model` (restore itself).
"""
