"""The TF1 workflows on `tf.compat.v1`: Saver, import_meta_graph, checkpoint state, restoring and loading weights."""
