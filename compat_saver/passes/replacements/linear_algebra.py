"""Decompositions and functions of matrices: SelfAdjointEig, MatrixExponential."""

from __future__ import annotations

import math
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import Message

_INT32, _DOUBLE, _COMPLEX = (type_attr(dtypes.by_name(name).number) for name in ("int32", "float64", "complex128"))


class SelfAdjointEig(OpReplacement):
    """Puts the two outputs of SelfAdjointEigV2 on top of each other.

    SelfAdjointEig, BatchSelfAdjointEig -> SelfAdjointEigV2: eigenvalues and eigenvectors came in one tensor.

    The old output of shape [..., M + 1, M] holds the eigenvalues in its first row and the eigenvectors below.
    """

    name = "self_adjoint_eig_v2"
    ops: ClassVar = dict.fromkeys(("SelfAdjointEig", "BatchSelfAdjointEig"), "SelfAdjointEigV2, ConcatV2")

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        dtype = node.attrs["T"]
        values = build("SelfAdjointEigV2", node.inputs[0], T=dtype, compute_v=True)
        vectors = values.node.output(1)
        row = build.constant(-2, "int32")
        first = build("ExpandDims", values, row, T=dtype, Tdim=_INT32)
        build.replace(build("ConcatV2", first, vectors, row, N=2, T=dtype, Tidx=_INT32))


_DEGREE = 13
_LARGEST_NORM = 5.371920351148152


class MatrixExponential(OpReplacement):
    """Rewrites each MatrixExponential. It never had a gradient.

    MatrixExponential -> its scaling and squaring method in core ops: deprecated at GraphDef version 27.

    Source: tensorflow/core/kernels/matrix_exponential_op.cc, which calls Eigen; the method is that of N. J. Higham,
    "The Scaling and Squaring Method for the Matrix Exponential Revisited" (2005). Each matrix of shape [..., n, n] is
    divided by the power of two that brings its 1-norm below a limit, a rational function of degree 13 gives the
    exponential of that, and squaring that as often as the matrix was halved gives the output. How often depends on the
    values, so there is a v1 while loop. All is computed in double precision, whatever the type. Where a matrix is not
    finite, the old op returned NaN and MatrixSolve raises, as current tf.linalg.expm does.
    """

    name = "matrix_exponential"
    ops: ClassVar = {"MatrixExponential": "MatrixSolve, BatchMatMulV2 and a v1 while loop"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one MatrixExponential."""
        given = node.attrs["T"]
        real = not dtypes.by_number(given.type).name.startswith("complex")
        matrix = build("Cast", node.inputs[0], SrcT=given, DstT=_DOUBLE if real else _COMPLEX)
        for waited in node.control_inputs:
            # The cast has waited; inside a loop nothing may wait for what is outside.
            node.remove_control_input(waited)
        work = _Exponential(build, _DOUBLE if real else _COMPLEX)
        squarings = work.squarings(matrix)
        found = work.squared(work.approximation(work.halved(matrix, squarings)), squarings)
        build.replace(build("Cast", found, SrcT=work.dtype, DstT=given))


def _coefficients() -> list[float]:
    """Those of the numerator, constant term first; the denominator has them with alternating signs."""
    n = _DEGREE
    return [float(math.comb(n, k) * math.factorial(2 * n - k) // math.factorial(n)) for k in range(n + 1)]


class _Exponential:
    """The steps, on matrices of one type.

    Args:
        build: makes the nodes.
        dtype: float64 or complex128.
    """

    def __init__(self, build: Build, dtype: Message) -> None:
        self._build = build
        self.dtype = dtype

    def squarings(self, matrix: Value) -> Value:
        """Returns how often each matrix is to be halved, [...] in float64."""
        build = self._build
        if self.dtype is _COMPLEX:
            sizes = build("ComplexAbs", matrix, T=_COMPLEX, Tout=_DOUBLE)
        else:
            sizes = build("Abs", matrix, T=_DOUBLE)
        norm = self._largest(build("Sum", sizes, self._axis(-2), T=_DOUBLE, Tidx=_INT32, keep_dims=False), -1)
        ratio = build("Log", build("Mul", norm, self._number(1 / _LARGEST_NORM), T=_DOUBLE), T=_DOUBLE)
        halvings = build("Ceil", build("Mul", ratio, self._number(1 / math.log(2)), T=_DOUBLE), T=_DOUBLE)
        return build("Maximum", halvings, self._number(0.0), T=_DOUBLE)

    def halved(self, matrix: Value, squarings: Value) -> Value:
        """Returns the matrix divided by two that often."""
        scale = self._build("Pow", self._number(0.5), self._per_matrix(squarings), T=_DOUBLE)
        return self._times(matrix, self._build("Cast", scale, SrcT=_DOUBLE, DstT=self.dtype))

    def approximation(self, a: Value) -> Value:
        """Returns p(a) / p(-a), with p split into its even part and the odd part, which has a factor a."""
        diagonal = self._build("OnesLike", self._build("MatrixDiagPart", a, T=self.dtype), T=self.dtype)
        a2 = self._product(a, a)
        a4 = self._product(a2, a2)
        a6 = self._product(a4, a2)
        powers = [self._build("MatrixDiag", diagonal, T=self.dtype), a2, a4, a6]
        factors = _coefficients()
        even = self._polynomial(powers, factors[0::2])
        odd = self._product(a, self._polynomial(powers, factors[1::2]))
        below = self._build("Sub", even, odd, T=self.dtype)
        return self._build("MatrixSolve", below, self._plus(even, odd), T=self.dtype, adjoint=False)

    def squared(self, matrix: Value, squarings: Value) -> Value:
        """Returns each matrix squared that often: a loop over all, in which those that are done stay as they are."""
        build = self._build
        flat = build("Reshape", squarings, self._axis([-1]), T=_DOUBLE, Tshape=_INT32)
        frame = f"{matrix.node.name}/squared"

        def enter(value: Value, dtype: Message, constant: bool) -> Value:
            return build("Enter", value, T=dtype, frame_name=frame, is_constant=constant, parallel_iterations=1)

        one = enter(self._number(1.0), _DOUBLE, True)
        most = enter(self._largest(flat, 0), _DOUBLE, True)
        wanted = enter(self._per_matrix(squarings), _DOUBLE, True)
        first = enter(self._number(0.0), _DOUBLE, False)
        begun = enter(matrix, self.dtype, False)
        step = build("Merge", first, first, T=_DOUBLE, N=2)
        current = build("Merge", begun, begun, T=self.dtype, N=2)
        more = build("LoopCond", build("Less", step, most, T=_DOUBLE))
        step_on = build("Switch", step, more, T=_DOUBLE).node.output(1)
        switch = build("Switch", current, more, T=self.dtype).node
        again = build("Less", step_on, wanted, T=_DOUBLE)
        square = self._product(switch.output(1), switch.output(1))
        chosen = build("SelectV2", again, square, switch.output(1), T=self.dtype)
        following = build("Add", step_on, one, T=_DOUBLE)
        step.node.replace_input(1, build("NextIteration", following, T=_DOUBLE))
        current.node.replace_input(1, build("NextIteration", chosen, T=self.dtype))
        return build("Exit", switch.output(0), T=self.dtype)

    def _polynomial(self, powers: list[Value], factors: list[float]) -> Value:
        """Returns the sum of seven even powers times their factors, from those up to the sixth."""
        low = self._terms(powers, factors[:4])
        return self._plus(low, self._product(powers[3], self._terms(powers[1:], factors[4:])))

    def _terms(self, powers: list[Value], factors: list[float]) -> Value:
        terms = [self._times(power, self._constant(factor)) for power, factor in zip(powers, factors, strict=True)]
        return self._build("AddN", *terms, T=self.dtype, N=len(terms))

    def _largest(self, values: Value, axis: int) -> Value:
        return self._build("Max", values, self._axis(axis), T=_DOUBLE, Tidx=_INT32, keep_dims=False)

    def _per_matrix(self, numbers: Value) -> Value:
        """Gives one number a matrix the shape [..., 1, 1]."""
        for _ in range(2):
            numbers = self._build("ExpandDims", numbers, self._axis(-1), T=_DOUBLE, Tdim=_INT32)
        return numbers

    def _product(self, a: Value, b: Value) -> Value:
        return self._build("BatchMatMulV2", a, b, T=self.dtype, adj_x=False, adj_y=False)

    def _times(self, a: Value, b: Value) -> Value:
        return self._build("Mul", a, b, T=self.dtype)

    def _plus(self, a: Value, b: Value) -> Value:
        return self._build("Add", a, b, T=self.dtype)

    def _constant(self, number: float) -> Value:
        return self._build.constant(number, dtypes.name_of(self.dtype.type))

    def _number(self, number: float) -> Value:
        return self._build.constant(number, "float64")

    def _axis(self, axis: int | list[int]) -> Value:
        return self._build.constant(axis, "int32")
