"""What the training steps of all trainers have in common, on one replica and on several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfwm.networks.layers import for_xla
from tfwm.training.schedule import Watch


def mean_over_batch(per_example: tf.Tensor) -> tf.Tensor:
    """The mean of `[n]` losses over the global batch: the gradients of replicas add up to those of one replica."""
    return tf.nn.compute_average_loss(per_example)


def scaled(optimizer: keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    """Scales a loss up where the optimizer asks for it, as one for mixed_float16 does; call it inside the tape.

    Args:
      optimizer: which will take the step.
      loss: a scalar.

    Returns:
      A scalar.
    """
    mixed = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer.get_scaled_loss(loss) if mixed else loss


def descend(
    optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[tf.Variable]
) -> None:
    """Takes one step down a loss; `apply_gradients` adds up the gradients of replicas.

    Args:
      optimizer: was built for these variables.
      tape: has recorded the loss.
      loss: a scalar, as `scaled` gives it.
      variables: what changes.
    """
    apply(optimizer, tape.gradient(loss, variables), variables)


def apply(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor | None], variables: Sequence[tf.Variable]
) -> None:
    """Takes one step along gradients of what `scaled` gave; those of replicas are added up.

    Args:
      optimizer: was built for these variables.
      gradients: one for each variable; None leaves it as it is.
      variables: what changes.
    """
    if isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def descend_together(
    optimizers: Sequence[keras.optimizers.Optimizer], tape: tf.GradientTape, loss: tf.Tensor,
    variables: Sequence[Sequence[tf.Variable]],
) -> None:  # fmt: skip
    """Takes one step of several optimizers down one loss, whose gradients are computed once.

    Args:
      optimizers: each was built for its own variables.
      tape: has recorded the loss.
      loss: a scalar, as `scaled` gives it for the first optimizer.
      variables: what each of them changes.
    """
    gradients = tape.gradient(loss, [variable for each in variables for variable in each])
    if len(optimizers) > 1 and isinstance(optimizers[0], keras.mixed_precision.LossScaleOptimizer):
        # Each has a scale of its own, by which `apply` divides.
        gradients = optimizers[0].get_unscaled_gradients(gradients)
        owners = [optimizer for optimizer, each in zip(optimizers, variables) for _ in each]
        gradients = [None if one is None else scaled(owner, one) for owner, one in zip(owners, gradients)]
    for optimizer, each in zip(optimizers, variables, strict=True):
        apply(optimizer, gradients[: len(each)], each)
        gradients = gradients[len(each) :]


def psnr_of(squared_errors: tf.Tensor) -> tf.Tensor:
    """PSNR in dB of mean squared errors of pictures in [0, 1]; 120 where there is no error."""
    return -10.0 * tf.math.log(squared_errors + 1e-12) / tf.math.log(10.0)


def batch_psnr(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """PSNR in dB of each picture of a batch, float32 `[n]`.

    Args:
      first: `[n, height, width, channels]` in [0, 1].
      second: the same shape.
    """
    return psnr_of(tf.reduce_mean(tf.square(first - second), axis=[1, 2, 3]))


def _with_scaled_loss(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer, which scales losses so that gradients in float16 do not vanish."""
    mixed = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer if mixed else keras.mixed_precision.LossScaleOptimizer(optimizer)


class Metered(keras.Model):
    """A trainer: its optimizers are built before the first step, and its figures are means over the epoch.

    A subclass says which variables each optimizer changes (`trained`) and what a step is (`train_step`).

    Args:
      names: of the figures.
    """

    def __init__(self, names: Iterable[str]):
        super().__init__()
        self._means = {name: keras.metrics.Mean(name) for name in names}

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """The variables that each optimizer changes, by the name under which `compile` takes the optimizer."""
        raise NotImplementedError(f"`{type(self).__name__}` must say in `trained` what its optimizers change.")

    @property
    def plateaus(self) -> Sequence[Watch]:
        """Which figures cut which rates where a schedule's decay is `plateau`: the loss, all of them together."""
        return (Watch(),)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The means, which Keras resets for each epoch and, under a strategy, merges."""
        return list(self._means.values())

    def compile(
        self, optimizer: keras.optimizers.Optimizer, jit_compile: bool = False, **others: keras.optimizers.Optimizer
    ) -> None:
        """Takes the optimizers and makes their variables: a replica may not do that in its first step.

        Args:
          optimizer: of `trained["optimizer"]`; where a layer computes in float16, its losses are scaled, as those of
            the others.
          jit_compile: whether XLA compiles the step.
          others: the other optimizers under their names in `trained`; each becomes an attribute of that name.

        Raises:
          ValueError: an optimizer that is missing, or that `trained` has no variables for.
        """
        optimizers = {"optimizer": optimizer, **others}
        if optimizers.keys() != self.trained.keys():
            raise ValueError(
                f"`compile` of {type(self).__name__} must be given {', '.join(self.trained)}, got "
                f"{', '.join(optimizers)}. Name each optimizer but the first."
            )
        if self._computes_in_half():
            optimizers = {name: _with_scaled_loss(one) for name, one in optimizers.items()}
        # Keras keeps the first one as an attribute itself.
        super().compile(optimizer=optimizers["optimizer"], jit_compile=jit_compile)
        for name, one in optimizers.items():
            one.build(self.trained[name])
        for name in others:
            setattr(self, name, optimizers[name])

    def fit(self, *arguments: Any, **settings: Any) -> keras.callbacks.History:
        """Keras's `fit`, whose graph is one that XLA can compile where it is to."""
        with for_xla(bool(self.jit_compile)):
            return super().fit(*arguments, **settings)

    def _computes_in_half(self) -> bool:
        """Whether a layer computes in float16, by its own policy: a host keeps the one that it was built under."""
        return any(getattr(part, "compute_dtype", None) == "float16" for part in self.submodules)

    def record(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Adds one batch's values, scalars or one for each example, and gives the means of the epoch so far."""
        for name, value in values.items():
            self._means[name].update_state(value)
        return {name: mean.result() for name, mean in self._means.items()}


class NetworkTrainer(Metered):
    """A trainer of one network under one optimizer.

    Args:
      network: what is trained; its trainable variables change.
      names: of the figures.
    """

    def __init__(self, network: keras.Model, names: Iterable[str]):
        super().__init__(names)
        self.network = network

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """The network's trainable variables, under `optimizer`."""
        return {"optimizer": self.network.trainable_variables}
