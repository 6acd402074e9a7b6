"""The subject: one training step of `deep_watermarking`'s initial stage, by the library's own trainer.

As a worker it prints one JSON line when it is ready, then reads a number of steps per line and
answers with their wall and processor seconds; the peer in `peers/` speaks the same protocol.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.trainer import InitialTrainer
from tfwm.training import Schedule


def settings(side: int, batch: int, filters: int, channels: int, downs: int) -> DeepWatermarking:
    """The scheme with the authors' losses and networks at another size, which the peer trains too.

    Args:
      side: of the square images, in pixels.
      batch: images in a batch.
      filters: channels of the embedder's outermost level.
      channels: of the extractor's inner layers.
      downs: halvings of the embedder.
    """
    return replace(
        DeepWatermarking.reference(), image_size=side, embedder_filters=filters, embedder_downs=downs,
        proxy_filters=4, proxy_downs=downs, extractor_channels=channels,
        initial=Schedule(1, 1, batch, 2e-4, "constant"),
    )  # fmt: skip


def build_step(scheme: DeepWatermarking) -> tuple[Callable[[], float], dict[str, int]]:
    """A function that runs one step and returns its loss, and the parameters of each network."""
    networks = build(scheme, 0)
    batch, side, channels = scheme.initial.batch_size, scheme.image_size, scheme.channels
    draws = tf.random.Generator.from_seed(0)
    trainer = InitialTrainer(scheme, networks, draws.uniform((side, side, channels)))
    trainer.compile(**{name: scheme.initial.optimizer() for name in trainer.trained})
    shape = (batch, side, side, channels)
    data = {
        "inputs": draws.uniform(shape),
        "outputs": draws.uniform(shape),
        "seed": draws.uniform_full_int((batch, 2), tf.int64),
    }
    compiled = tf.function(lambda: trainer.train_step(data))
    used = {"embedder": networks.embedder, "extractor": networks.extractor, "discriminator": networks.discriminator}
    counts = {name: sum(v.shape.num_elements() for v in net.trainable_weights) for name, net in used.items()}
    return lambda: float(compiled()["loss"]), counts


def seconds(step: Callable[[], float]) -> tuple[float, float]:
    """Wall and processor seconds of one step; reading the loss waits for its end."""
    start, processor = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - start, time.process_time() - processor


def main() -> None:
    """Builds the step, prints a line when it is ready, then runs as many steps as each line of stdin says."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("side", 64), ("batch", 8), ("filters", 64), ("channels", 128), ("downs", 5), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    scheme = settings(options.side, options.batch, options.filters, options.channels, options.downs)
    step, parameters = build_step(scheme)
    ready = {"version": tf.__version__, "first_step_s": seconds(step)[0], "parameters": parameters}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps([seconds(step) for _ in range(int(line))]), flush=True)


if __name__ == "__main__":
    main()
