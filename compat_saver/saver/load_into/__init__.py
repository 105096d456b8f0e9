"""load_into: weights into variables, modules and Keras models that a program has."""
