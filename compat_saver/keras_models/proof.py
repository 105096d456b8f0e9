"""The proof that a written model is the original: the two are run on the same inputs, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.errors import VerificationError
from compat_saver.keras_files.optimizer_configs import NADAM, NEW_NADAM
from compat_saver.keras_models.architecture import STEPWISE_NORM
from compat_saver.keras_models.fields import legal_name
from compat_saver.keras_models.options import KerasOptions
from compat_saver.keras_models.original import Original
from compat_saver.keras_models.request import config_to_run, keys_of, request_of
from compat_saver.keras_models.samples import generate_inputs, generate_labels, losses_of, read_inputs
from compat_saver.keras_models.slots import OptimizerState
from compat_saver.keras_models.verification import (
    STEP_RTOL,
    KerasVerification,
    StepProof,
    compare_outputs,
    prove_step,
    run_reference,
    train_step,
)
from compat_saver.keras_models.weights import Pair
from compat_saver.keras_models.written import WrittenModel

_TRIES = 3
"""How many inputs are tried where a training step differs by little: a unit at the threshold of its ReLU is on in one
model and off in the other by a rounding error, which changes the gradients of some inputs, not of all."""
_ROUNDED = "On the inputs of {}, weights after the step differ by {:.2g}: a rounding error, for on others they do not."
_OWN_INPUTS = "Give inputs that the original takes: --verify-data FILE.npz (verify_data= in Python)."
_NOT_TRAINED = "Migrate with --no-verify and compile the model anew."
_HALF = {"rtol": 5e-3, "atol": 1e-3}
"""Tolerances of models that compute in half precision, where none are given."""
_FLAT = 1e-6
_OTHER_EPSILON = 1e-2
_EMBEDDINGS = "embeddings"
_OTHERWISE = {
    "moving_variance": "A training step of Keras 3 updates moving variances without Bessel's correction.",
    _EMBEDDINGS: "A training step of Keras 3 takes the gradients of a row of an Embedding that is looked up more than "
    "once one by one; Keras 2 took their sum.",
}
"""Name of a variable -> how Keras 3 trains it in another way; it is not compared after a step."""


_TRAINED_OTHERWISE = ("renorm", "virtual_batch_size", "add_loss", STEPWISE_NORM)


@dataclass(frozen=True)
class Proof:
    """Compares a written model with its original.

    Attributes:
        keras: Keras 3.
        original: the original.
        options: inputs and tolerances.
        given: the custom objects.
        places: where a process of its own imports them from.
    """

    keras: Any
    original: Original
    options: KerasOptions
    given: Mapping[str, Any]
    places: Mapping[str, str]

    def of(self, path: Path, model: Any, pairs: Sequence[Pair], state: OptimizerState | None) -> KerasVerification:
        """Compares what was written at a path.

        Args:
            path: the written model.
            model: the model that was written.
            pairs: its variables with the weights of the file.
            state: of its optimizer; None if it was not compiled, or has none.
        """
        seed = self.options.seed
        first = last = self._on(seed, path, model, pairs, state)
        tries = _TRIES if self.options.verify_data is None else 1
        for other in range(seed + 1, seed + tries):
            if not last.may_be_rounding:
                break
            last = self._on(other, path, model, pairs, state)
        if first is last or last.status != "passed":
            return first
        return replace(
            last, notes=[*last.notes, _ROUNDED.format(first.inputs, first.step.weights if first.step else 0)]
        )

    def _on(
        self, seed: int, path: Path, model: Any, pairs: Sequence[Pair], state: OptimizerState | None
    ) -> KerasVerification:
        """Compares on the inputs of a seed."""
        options, plan = self.options, self.original.plan
        if options.verify_data is not None:
            inputs, how = read_inputs(options.verify_data, plan), str(options.verify_data)
        else:
            inputs, how = generate_inputs(plan, seed), f"seed {seed}"
        names = plan.output_names
        written = WrittenModel(self.keras, path, self.given, plan)
        written.require_like(model)
        predictions = _predictions(written, inputs)
        why_not = self._without_step()
        trains = state is not None and written.model is not None and not why_not
        labels = self._labels(names, predictions, seed) if trains else None
        reference = self._reference(inputs, labels, state)
        original = [reference[f"y{number}"] for number in range(len(names))]
        half = _HALF if self._is_half else {}
        rtol, atol = (getattr(options, key) or half.get(key) for key in ("rtol", "atol"))
        outputs = compare_outputs(names, original, predictions, rtol, atol)
        step, notes = None, [str(reference["note"])] if "note" in reference else []
        notes += [NEW_NADAM] if self._is_nadam else []
        if why_not and state is not None:
            notes.append(f"No training step is compared: {why_not}.")
        if labels is not None and "loss" in reference:
            step, more = self._step(written.model, model, pairs, reference, (inputs, labels))
            notes += more
        return KerasVerification(self._by, how, outputs, step, notes)

    def _without_step(self) -> str:
        """Returns why a training step would tell nothing; "" if it does."""
        compilation, layers = self.original.compilation, list(self.original.plan.all_layers())
        is_new = compilation is not None and compilation.is_new
        if self._is_nadam:
            return "no state of Nadam makes the same one"
        if is_new and self.original.form == "saved_model":
            return "Keras 2 does not load the state of such an optimizer from a SavedModel"
        if is_new and config_to_run(self.original) is not None:
            return "the original is built of its configuration, without the optimizer"
        if changed := {change.name for change in self.original.changes} & set(_TRAINED_OTHERWISE):
            return f"Keras 3 trains otherwise ({' and '.join(sorted(changed))})"
        if any(layer.kind.startswith("Random") for layer in layers):
            return "layers draw random numbers in it"
        if any(keys_of(ends) for ends in (self.original.plan.inputs, self.original.plan.outputs)):
            return "inputs or outputs have keys"
        if self._is_half:
            return "gradients of half precision depend on the order of additions"
        return ""

    @property
    def _is_half(self) -> bool:
        return any(str(layer.config.get("dtype")).startswith("mixed_") for layer in self.original.plan.all_layers())

    @property
    def _is_nadam(self) -> bool:
        """Whether the optimizer is one whose steps no state reproduces; see `NEW_NADAM`."""
        return self.original.compilation is not None and self.original.compilation.optimizer == NADAM

    @property
    def _by(self) -> str:
        return "tf.compat.v1.Session" if self.original.form == "saved_model" else "tf-keras"

    def _labels(self, names: Sequence[str], predictions: Sequence[Array], seed: int) -> list[Array]:
        compilation = self.original.compilation
        losses = losses_of(compilation.losses if compilation is not None else None, map(legal_name, names))
        return generate_labels(predictions, losses, seed)

    def _reference(
        self, inputs: Sequence[Array], labels: Sequence[Array] | None, state: OptimizerState | None
    ) -> dict[str, Array]:
        arrays = {f"x{n}": array for n, array in enumerate(inputs)}
        arrays |= {f"t{n}": array for n, array in enumerate(labels or ())}
        if state is not None:
            arrays |= {f"o{n}": array for n, array in enumerate(state.stored)}
        request = request_of(self.original, self.places, self._training() if labels is not None else None)
        try:
            return run_reference(request, arrays, self.options.timeout)
        except RuntimeError as error:
            reason = (
                f"The original does not run with {self._by}: {error}. Migrate with --no-verify to write it unproven."
            )
            raise VerificationError([reason], what="was inconclusive, nothing was published") from None

    def _training(self) -> dict[str, Any]:
        compilation, file = self.original.compilation, self.original.file
        assert compilation is not None
        assert file is not None
        return {"is_new": compilation.is_new, "optimizer": compilation.optimizer, "config": file.training_config}

    def _step(
        self,
        written: Any,
        model: Any,
        pairs: Sequence[Pair],
        reference: Mapping[str, Array],
        data: tuple[Sequence[Array], Sequence[Array]],
    ) -> tuple[StepProof, list[str]]:
        try:
            loss = train_step(written, *data)
        except (ValueError, TypeError) as error:
            reason = f"The written model does not train: {_tensorflow.first_line(error)}. {_NOT_TRAINED}"
            raise VerificationError([reason], what="failed, nothing was published") from error
        numbers = {id(variable): number for number, variable in enumerate(model.weights)}
        after = {pair.place: written.weights[numbers[id(pair.variable)]] for pair in pairs}
        known = {name: note for name, note in _OTHERWISE.items() if name != _EMBEDDINGS or not self._is_plain}
        otherwise = [place for place, variable in after.items() if variable.name in known]
        notes = [known[name] for name in known if any(after[place].name == name for place in otherwise)]
        weights = {
            place: (reference[f"after/{place}"].reshape(variable.shape), np.asarray(variable.numpy()))
            for place, variable in after.items()
            if place not in otherwise
        }
        compilation = self.original.compilation
        rtol = STEP_RTOL
        if compilation is not None and compilation.has_other_epsilon:
            rtol = _OTHER_EPSILON
            notes.append(f"Keras 3 adds epsilon below the root; a training step is compared within {rtol:g}.")
        loss_pair = (float(reference["loss"]), loss)
        return prove_step(loss_pair, weights, _steep(reference, weights), rtol), notes

    @property
    def _is_plain(self) -> bool:
        """Whether the optimizer adds gradients as they are, so that it does not matter how rows are repeated."""
        return self.original.compilation is not None and self.original.compilation.optimizer == "SGD"


def _predictions(written: WrittenModel, inputs: Sequence[Array]) -> list[Array]:
    try:
        return written.predict(inputs)
    except Exception as error:
        reason = f"The written model does not run on these inputs: {_tensorflow.first_line(error)}. {_OWN_INPUTS}"
        raise VerificationError([reason], what="was inconclusive, nothing was published") from error


def _steep(reference: Mapping[str, Array], places: Iterable[str]) -> dict[str, Array]:
    """Returns weight -> which elements have gradients that are more than rounding errors.

    An adaptive optimizer makes a whole step of any gradient, also of that of a bias before a batch normalization, whose
    direction is chance.
    """
    slopes = {place: reference[f"slope/{place}"] for place in places if f"slope/{place}" in reference}
    steepest = max((float(np.max(item, initial=0.0)) for item in slopes.values()), default=0.0)
    return {place: np.greater(item, _FLAT * steepest) for place, item in slopes.items()}
