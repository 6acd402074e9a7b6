"""Adam that updates each variable in one operation."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import keras


@keras.saving.register_keras_serializable(package="tfwm")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam with one operation for each variable instead of a dozen; settings, variables and results are alike.

    Paper: Kingma and Ba 2015, algorithm 1 in the order of computation of its section 2.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable) -> None:
        """Updates one variable from its gradient.

        Args:
          gradient: of the loss; a sparse one is left to Keras.
          variable: of the same shape; it changes.
        """
        if self.amsgrad or isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable)
            return
        index = self._index_dict[self._var_key(variable)]
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1, beta_2 = tf.cast(self.beta_1, variable.dtype), tf.cast(self.beta_2, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=self._momentums[index].handle, v=self._velocities[index].handle,
            beta1_power=tf.pow(beta_1, step), beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(self.learning_rate, variable.dtype), beta1=beta_1, beta2=beta_2,
            epsilon=tf.cast(self.epsilon, variable.dtype), grad=gradient,
        )  # fmt: skip
