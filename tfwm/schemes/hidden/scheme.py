"""HiDDeN: how outputs are marked and read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfwm.digests import training_digest
from tfwm.keys import OwnerKey
from tfwm.schemes.coded_outputs.training import Prepared
from tfwm.schemes.hidden.networks import build, decoder, residual_network
from tfwm.schemes.hidden.settings import HiddenSettings
from tfwm.schemes.hidden.trainer import HiddenTrainer
from tfwm.schemes.rebuilding import rebuilt
from tfwm.suspects import in_batches
from tfwm.training import Run, fit, stream_of

STAGE = "hiding"
LIMIT = 2.0  # what speaks for a bit counts no more than that, so that no single picture outvotes the others
_BATCH = 64


@dataclass(frozen=True)
class Hidden(HiddenSettings):
    """Hides a message in every output by an encoder that is trained with its decoder (HiDDeN, Zhu et al. 2018).

    Args:
      (those of `HiddenSettings`)
    """

    def prepared(self, outputs: np.ndarray, run: Run, secret: bytes) -> Prepared:
        """Trains encoder, decoder and discriminator on fresh messages; resumes after a kill.

        Args:
          outputs: uint8 `[n, s, s, c]`, what the unmarked host outputs.
          run: where and how.
          secret: not looked at: the networks know no message before there is one.
        """
        settings = {name: value for name, value in self.to_dict().items() if name not in ("alpha", "blind", "probes")}
        digest = training_digest(settings, run, outputs)
        schedule = self.training.scaled(run.steps_scale)
        with run.scope():
            built = build(self, run.seed)
            trainer = HiddenTrainer(self, built)
            optimizers = {name: schedule.optimizer() for name in trainer.trained}
            trainer.compile(**optimizers, jit_compile=run.jit)
            stream = stream_of({"outputs": outputs}, batch_size=schedule.batch_size, seed=run.seed)
            lines = fit(trainer, stream, schedule, run, stage=STAGE, digest=digest)
        return Prepared(
            lambda message: residual_network(built.encoder, message, self), networks={"extractor": built.decoder},
            history=[{"stage": STAGE, **line} for line in lines],
        )  # fmt: skip

    def soft_bits(self, images: np.ndarray, key: OwnerKey) -> np.ndarray:
        """What the decoder says of each bit, float32 `[n, bits]`, about -1 or 1.

        Args:
          images: float32 `[n, s, s, c]` in [0, 1].
          key: the owner's, or what he revealed of it: the weights of its decoder count and nothing else.

        Raises:
          InvalidKeyError: the key has no decoder, or one of other settings.
        """
        network = rebuilt((self, "decoder"), lambda: decoder(self), key.network("extractor"))
        spoken = in_batches(lambda part: network(part, training=False), images, _BATCH)
        return np.clip(2.0 * np.nan_to_num(spoken) - 1.0, -LIMIT, LIMIT)
