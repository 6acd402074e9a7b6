"""Removal and replacement of a mark with the help of the extractor that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.attacks.copies.surrogate import recorded_answers
from tfwm.attacks.oracles.proxy import mixtures, reading_names, trained_proxy
from tfwm.attacks.oracles.reading import Graph, Reader, open_reader
from tfwm.attacks.oracles.remover import RemoverTrainer, remover_network
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen, thief_seed
from tfwm.config import check_range, check_whole, choose
from tfwm.digests import training_digest
from tfwm.suspects import FunctionSuspect
from tfwm.training import Run, Schedule, fit, stream_of
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect

DEFAULT_SCHEDULE = Schedule(epochs=8, steps_per_epoch=50, batch_size=16, learning_rate=2e-3, decay="cosine")
THROUGH = {"gradients": None, "proxy": None}
PATTERN_CELLS = 8


@dataclass(frozen=True, repr=False)
class OracleRemove:
    """Serves every answer through a network that was trained until the extractor reads in it what it reads in pictures
    without a mark.

    The network learns on the suspect's answers to the thief's inputs, pulled towards his clean targets. It lies in
    `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      oracle: what the thief reads answers with: a `.keras` file of the extractor, a SavedModel folder or
        `grpc://host:port/model` with the signature `extract`, or `suspect` for the suspect's own. Where the signature
        asks for a token he sends one that he drew. Empty: he has none, which is the control of this attack.
      through: `gradients` runs the extractor in the training, as whoever has its file can; `proxy` only asks it, and
        trains through a network of the thief's own that learnt its answers.
      weight: of what is read, against a fidelity of 40 dB, above 0 and at most 1000.
      filters: width of the thief's networks.
      schedule: how long; a proxy is trained for as long. Not part of the label.

    Raises:
      ValueError: a setting out of range; at call time an oracle that cannot be opened or that cannot give gradients,
        or a suspect that does not answer with images like its inputs.

    Paper: An et al. 2024, sections on the extractor-guided remover in the white-box and in the black-box setting. Their
    proxy is here of the published extractor's architecture, and their target a reading of clean pictures.
    """

    oracle: str = ""
    through: str = "gradients"
    weight: float = 10.0
    filters: int = 16
    schedule: Schedule = field(default=DEFAULT_SCHEDULE)
    name: ClassVar[str] = "oracle_remove"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    sentence: ClassVar[str] = "its answers changed until the extractor finds no mark in them"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        choose("way through the extractor", self.through, THROUGH)
        advice = "Use 10 for a thief who gives fidelity for the mark, 1 for a careful one."
        check_range("weight", self.weight, 1e-6, 1000.0, advice)
        check_whole("filters", self.filters, 1, 256, "Use 16 for a small network.")

    @classmethod
    def example(cls) -> OracleRemove:
        """A thief without any extractor, a small network, and two steps of training."""
        return cls(filters=4, schedule=Schedule(1, 2, 4, 0.02, "constant"))

    def __repr__(self) -> str:
        return f"{self.name}({self.through if self.oracle else 'no extractor'})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Run) -> FunctionSuspect:
        require_access(self, suspect)
        answers, clean = recorded_answers(suspect, data.inputs), data.targets
        reader = open_reader(self.oracle, suspect, run.seed) if self.oracle else None
        wanted, scales = self._wanted(reader, answers, clean, run.seed) if reader else ([], [])
        digest = training_digest(attack_to_dict(self), run, answers, clean, *wanted)
        side, channels = answers.shape[1], answers.shape[-1]
        schedule = self.schedule.scaled(run.steps_scale)
        with run.scope():
            network = remover_network(side, channels, filters=self.filters, seed=thief_seed(run.seed))
            graph = self._graph(reader, mixtures(answers, clean, run.seed), run, digest) if reader else None
            trainer = RemoverTrainer(network, graph, scales, self.weight)
            trainer.compile(schedule.optimizer(), jit_compile=run.jit)
            arrays = {"answers": answers, "clean": clean, **dict(zip(reading_names(len(wanted)), wanted))}
            stream = stream_of(arrays, batch_size=schedule.batch_size, seed=thief_seed(run.seed + 1))
            fit(trainer, stream, schedule, run, stage=self.name, digest=digest)
        kept = keep_stolen(network, run, "remover")
        return FunctionSuspect(attacked_name(self, suspect), lambda queries: kept(suspect(queries)), Access.QUERIES)

    def _graph(self, reader: Reader, pictures: np.ndarray, run: Run, digest: str) -> Graph:
        """What the network is trained through: the extractor itself, or a proxy that learnt what it says."""
        if self.through == "proxy":
            schedule = self.schedule.scaled(run.steps_scale)
            proxy = trained_proxy(reader.read, pictures, schedule, run, filters=self.filters, digest=digest)
            return lambda images: proxy(images, training=False)
        if reader.graph is None:
            raise ValueError(f'`oracle` {self.oracle} can only be asked. Use through="proxy".')
        return reader.graph

    def _wanted(
        self, reader: Reader, answers: np.ndarray, clean: np.ndarray, seed: int
    ) -> tuple[list[np.ndarray], list[float]]:
        """What shall be read in each answer, and the scale of each map: what the mark changes in it, squared."""
        marked, plain = reader.read(answers), reader.read(clean)
        scales = [_scale(one, other) for one, other in zip(marked, plain)]
        return self._targets(plain, scales, seed), scales

    def _targets(self, plain: Sequence[np.ndarray], scales: Sequence[float], seed: int) -> list[np.ndarray]:
        return list(plain)


@dataclass(frozen=True, repr=False)
class OracleReplace(OracleRemove):
    """Serves every answer through a network that was trained until the extractor reads a mark of the thief's own.

    His mark is a pattern that he draws, as strong as the owner's mark, upon what the extractor reads in his clean
    pictures. All else is as in `OracleRemove`.

    Paper: An et al. 2024, watermark replacement.
    """

    name: ClassVar[str] = "oracle_replace"
    sentence: ClassVar[str] = "its answers changed until the extractor finds a mark of the thief’s own in them"

    @classmethod
    def example(cls) -> OracleReplace:
        """A thief without any extractor, a small network, and two steps of training."""
        return cls(filters=4, schedule=Schedule(1, 2, 4, 0.03, "constant"))

    def _targets(self, plain: Sequence[np.ndarray], scales: Sequence[float], seed: int) -> list[np.ndarray]:
        return [
            reading + np.float32(np.sqrt(scale)) * thiefs_mark(reading.shape[1:], seed)
            for reading, scale in zip(plain, scales)
        ]


def thiefs_mark(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """The pattern of a thief's own mark: cells of -1 and 1 that are as good as random.

    Args:
      shape: (rows, columns, channels) of a map; the cells are 8 x 8, or as many as there are rows and columns.
      seed: of his run.

    Returns:
      float32 of that shape.
    """
    signs = np.random.default_rng(thief_seed(seed)).choice([-1.0, 1.0], (PATTERN_CELLS, PATTERN_CELLS))
    rows, columns = (np.arange(side) * min(side, PATTERN_CELLS) // side for side in shape[:2])
    return np.broadcast_to(signs[rows][:, columns, None], shape).astype(np.float32)


def _scale(marked: np.ndarray, plain: np.ndarray) -> float:
    """The mean square of what the mark changes in a map; not below a thousandth of how much pictures differ there."""
    change = float(np.mean(np.square(marked.mean(axis=0) - plain.mean(axis=0))))
    return max(change, 1e-3 * float(plain.var()), 1e-6)
