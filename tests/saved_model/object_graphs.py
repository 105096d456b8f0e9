"""The object graph of a SavedModel in terms that do not depend on the order of its objects, to be compared."""

from compat_saver.proto.messages import SavedModel


def meta_of(directory):
    return SavedModel.FromString((directory / "saved_model.pb").read_bytes()).meta_graphs[0]


def objects(graph):
    """First path -> all that a graph says of an object; numbers and names of functions became paths."""
    found = paths(graph)
    names = {number: path for path, number in found.items()}
    return {path: _described(graph, graph.nodes[number], names) for path, number in found.items()}


def _described(graph, node, names):
    copy = type(node)()
    copy.CopyFrom(node)
    for field in ("children", "dependencies", "saveable_objects"):
        copy.ClearField(field)
    concrete = graph.concrete_functions.get(node.bare_concrete_function.concrete_function_name)
    if node.HasField("bare_concrete_function"):
        copy.bare_concrete_function.concrete_function_name = ""
    if node.HasField("function"):
        copy.function.concrete_functions[:] = []
    references = [
        {item.local_name: names[item.node_id] for item in part} for part in (node.children, node.dependencies)
    ]
    if concrete is None:
        return copy, references
    captures = sorted(names[item] for item in concrete.bound_inputs)
    return copy, references, captures, concrete.canonicalized_input_signature, concrete.output_signature


def paths(graph):
    """First path -> number; what saves and restores a table has paths of its own."""
    found, pending = {"": 0}, [("", 0)]
    seen = {0}
    while pending:
        path, number = pending.pop(0)
        node = graph.nodes[number]
        children = [(child.local_name, child.node_id) for child in node.children]
        for key, item in node.saveable_objects.items():
            children += [(f"{key}/save", item.save_function), (f"{key}/restore", item.restore_function)]
        for name, child in children:
            if child not in seen:
                seen.add(child)
                found[f"{path}/{name}"] = child
                pending.append((f"{path}/{name}", child))
    return found
