"""The signatures of a session bundle, as SignatureDefs.

Session bundles are what TensorFlow Serving loaded before SavedModels: a checkpoint whose MetaGraphDef has a collection
of signatures. They get the names that TensorFlow's own conversion gave them. Source:
tensorflow/contrib/session_bundle/bundle_shim.py in TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.message import DecodeError

from compat_saver.proto.messages import Message, SignatureDef, Signatures

_COLLECTION = "serving_signatures"
_DEFAULT = "serving_default"
_INPUTS, _OUTPUTS = "inputs", "outputs"
_FEEDABLE = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


def bundle_signatures(message: Message) -> dict[str, Message]:
    """Returns the signatures that a MetaGraphDef has in the collection of session bundles, by name.

    Cases: the default one; the named `inputs` and `outputs`, together the signature of Predict; any other named one.
    A generic signature does not say what is an input: that are its placeholders.
    """
    found = _read(message)
    if found is None:
        return {}
    fed = {node.name for node in message.graph_def.node if node.op in _FEEDABLE}
    made = {}
    if found.HasField("default_signature"):
        made[_DEFAULT] = _converted(found.default_signature, fed)
    named = dict(found.named_signatures)
    if {_INPUTS, _OUTPUTS} <= named.keys():
        name = f"{_DEFAULT}_from_named" if made else _DEFAULT
        taken, given = (named.pop(part).generic_signature.map for part in (_INPUTS, _OUTPUTS))
        made[name] = _signature("tensorflow/serving/predict", taken, given)
    made |= {name: _converted(item, fed) for name, item in sorted(named.items())}
    return {name: item for name, item in made.items() if item.outputs}


def _read(message: Message) -> Message | None:
    for item in message.collection_def[_COLLECTION].any_list.value if _COLLECTION in message.collection_def else ():
        try:
            return Signatures.FromString(item.value)
        except DecodeError:
            return None
    return None


def _converted(message: Message, fed: set[str]) -> Message:
    match message.WhichOneof("type"):
        case "regression_signature":
            item = message.regression_signature
            return _signature("tensorflow/serving/regress", {_INPUTS: item.input}, {_OUTPUTS: item.output})
        case "classification_signature":
            item = message.classification_signature
            outputs = {"classes": item.classes, "scores": item.scores}
            return _signature("tensorflow/serving/classify", {_INPUTS: item.input}, outputs)
    tensors = dict(message.generic_signature.map)
    inputs = {key: item for key, item in tensors.items() if item.tensor_name.partition(":")[0] in fed}
    outputs = {key: item for key, item in tensors.items() if key not in inputs}
    return _signature("tensorflow/serving/predict", inputs, outputs)


def _signature(method: str, inputs: Mapping[str, Message], outputs: Mapping[str, Message]) -> Message:
    made = SignatureDef(method_name=method)
    for key, name in _named(inputs):
        made.inputs[key].name = name
    for key, name in _named(outputs):
        made.outputs[key].name = name
    return made


def _named(bindings: Mapping[str, Message]) -> Iterator[tuple[str, str]]:
    """Yields key and tensor; a classification may lack its classes or its scores."""
    for key, item in sorted(bindings.items()):
        if item.tensor_name:
            yield key, item.tensor_name
