"""Weights that are moved for a moment in the direction that hurts most, and put back to the bit.

A network that is trained on the gradient at the moved weights ends where its loss is low all around: further training,
pruning and rounding, which move weights too, then leave more of what it learnt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf


def worst_moves(
    variables: Sequence[tf.Variable], gradients: Sequence[tf.Tensor | None], share: float
) -> list[tf.Tensor]:
    """Of each variable the move of a given length along its gradient; its scale, and so a loss scale, does not count.

    Args:
      variables: what will be moved.
      gradients: of the loss that shall rise; None where it does not depend on the variable, which then stays.
      share: length of each move as a share of the variable's own norm.

    Returns:
      A tensor of the shape of each variable; of zeros where the gradient is zero.

    Paper: Wu, Xia, Wang 2020, "Adversarial weight perturbation helps robust generalization", eq. 8 to 10.
    """
    return [
        tf.zeros_like(variable) if gradient is None
        else tf.math.divide_no_nan(share * tf.norm(variable) * gradient, tf.norm(gradient))
        for variable, gradient in zip(variables, gradients, strict=True)
    ]  # fmt: skip


@contextmanager
def moved(variables: Sequence[tf.Variable], moves: Sequence[tf.Tensor]) -> Iterator[None]:
    """A context in which variables have moved; each replica moves its own copy, so all must be given the same moves.

    What is computed inside must have been computed when the context ends: it holds for eager code, and in a
    `tf.function`, which keeps the order of reads and writes of a variable.

    Args:
      variables: floating-point ones.
      moves: of the same shapes.
    """
    # By handle: a strategy refuses assignments to mirrored variables while replicas run, because they might differ.
    before = [tf.identity(variable) for variable in variables]
    for variable, start, move in zip(variables, before, moves, strict=True):
        tf.raw_ops.AssignVariableOp(resource=variable.handle, value=start + move)
    try:
        yield
    finally:
        for variable, start in zip(variables, before):
            tf.raw_ops.AssignVariableOp(resource=variable.handle, value=start)


def added(first: Sequence[tf.Tensor | None], second: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """The sums of gradients of the same variables; None where both are.

    Args:
      first: one for each variable.
      second: as many.
    """
    return [one if two is None else two if one is None else one + two for one, two in zip(first, second, strict=True)]
