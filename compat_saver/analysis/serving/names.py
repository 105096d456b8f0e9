"""What nodes are for by their names, in the words that programs and TensorFlow's functions use."""

from __future__ import annotations

import re

from compat_saver.graph.ir import Node
from compat_saver.graph.ops import known_facts

OUTPUT_WORD = re.compile(
    r"((final|network|net|model|y)_?)?"
    r"(predictions?|predict(ed)?|preds?|outputs?|out|softmax|prob(s|abilit(y|ies))?|scores?|y_?(hat|conv)"
    r"|sigmoid|argmax|class(es)?|results?|activation|policy|values?|q_values?|actions?|embeddings?|decoded|b?boxes)"
    r"(_?(tensor|layer|op))?(_?\d+)?",
    re.IGNORECASE,
)
"""An output, or a scope of one."""
LOGITS_WORD = re.compile(r"(\w*_)?logits?(_?\d+)?", re.IGNORECASE)
"""What an output is often read off."""
PREDICTION_WORD = re.compile(
    r"((y|test|infer|inference|final)_)?(predict\w*|preds?|outputs?|logits?|prob(s|abilit(y|ies)))(_?\d+)?",
    re.IGNORECASE,
)
"""An output, in the words that are used for nothing else."""
LOSS_WORD = re.compile(
    r"(\w*_)?(loss(es)?|costs?|xent|accuracy|acc|errors?|mse|mae|rmse|penalty|regulari\w+|correct|metrics?)(_\w+)?"
    r"|\w*(loss|cross_?entropy|accuracy|regularizer)\d*(_\w+)?|aux\w*"
    r"|(absolute_difference|confusion_matrix|mean_iou|precision|recall|auc|remove_squeezable_dimensions|assert)(_\w+)?",
    re.IGNORECASE,
)
"""A loss, a metric, or an auxiliary head that only training has."""
TRAINING_WORD = re.compile(r"train(ing|er)?(_\d+)?|optimi[sz]er(_\d+)?", re.IGNORECASE)
"""A scope of training, though a model may be in it as well."""
LABEL_WORD = re.compile(
    r"(y_?|labels?\w*|targets?\w*|y_?(true|real|label|input)s?|truth|gt\w*|ground_?truth)(_\d+)?", re.IGNORECASE
)
"""A placeholder for labels."""
_COLLECTION_WORD = re.compile(r"(\w+_)?(predictions?|outputs?|logits|inference|infer|answers?)|\w+_op", re.IGNORECASE)

_NUMBER = re.compile(r"(_\d+)+$")
_GIVEN_NAME = re.compile(
    r"add(_n)?|sub|mul|(true|floor)?div|mod|pow|neg|abs|matmul|xw_plus_b|tensordot|transpose|concat|(un)?stack|packed"
    r"|split|strided_slice|gather|(embedding_)?lookup|zeros|ones|batchnorm|clip_by_value|saturate_cast|control_dependency|switch_[tf]|pred_id|read|input"
)


def lists_outputs(collection: str) -> bool:
    """Whether a collection of that name holds outputs: `outputs`, `inference_op`; what is a loss shows in the graph."""
    return bool(_COLLECTION_WORD.fullmatch(collection) or OUTPUT_WORD.fullmatch(collection))


def has_own_name(node: Node) -> bool:
    """Whether the program named a node, and not the op or the Python function that made it."""
    word = _NUMBER.sub("", node.name.rpartition("/")[2])
    is_op = word.replace("_", "").lower() == _NUMBER.sub("", node.op).lower()
    return not is_op and word not in known_facts() and not _GIVEN_NAME.fullmatch(word)
