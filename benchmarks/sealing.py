"""Measures what the oracle attacks do to a mark with an open extractor and with a sealed one.

    python -m benchmarks.sealing --work runs/sealing --out results/sealing.json

A host for derained photographs of 64 x 64 pixels is marked by deep_watermarking (`fast`) and exported twice: once as a
careless owner would, with an `extract` that anybody may run, and once sealed. A thief trains removers and replacers
against each, through the extractor and through a proxy that he taught with its answers; and one of each without any
extractor, the control.

What is in `--work` already is not trained again. Writes the figures, and a page beside them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks import OracleRemove, OracleReplace, thiefs_mark
from tfwm.attacks.oracles.attacks import OracleRemove as Oracle
from tfwm.cli import main as tfwm
from tfwm.data import make_pairs, photographs, sample_patches
from tfwm.exporting import EXTRACTOR, export
from tfwm.files import new_directory, write_json
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.networks.resampling import resample
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs, Suspect

SIDE = 64
PATCHES = {"attacker": 512, "test": 128}
THIEVES = (
    ("none", "gradients"),
    ("open", "gradients"),
    ("open", "proxy"),
    ("sealed", "gradients"),
    ("sealed", "proxy"),
)
TITLES = {
    ("none", "gradients"): "no extractor (control)",
    ("open", "gradients"): "open, through its file",
    ("open", "proxy"): "open, through a proxy",
    ("sealed", "gradients"): "sealed, through its file",
    ("sealed", "proxy"): "sealed, through a proxy",
}


def export_open(model: keras.Model, extractor: keras.Model, names: tuple[str, ...], folder: Path) -> Path:
    """Writes a SavedModel whose `extract` anybody may run: what the sealed export is there to avoid.

    Args:
      model: the marked one.
      extractor: of its key.
      names: of the extractor's outputs.
      folder: must not be there.
    """
    module = tf.Module()
    module.networks = [model, extractor]
    images = tf.TensorSpec([None, None, None, 3], tf.float32, "image")

    @tf.function(input_signature=[images], autograph=False)
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": model(image, training=False)}

    @tf.function(input_signature=[images], autograph=False)
    def extract(image: tf.Tensor) -> dict[str, tf.Tensor]:
        read = tf.nest.flatten(extractor(resample(image, extractor.input_shape[1]), training=False))
        return dict(zip(names, read, strict=True))

    with new_directory(folder) as temporary:
        tf.saved_model.save(module, str(temporary), signatures={"serving_default": serve, "extract": extract})
    return folder


def marked(work: Path, words: list[str]) -> Path:
    """A marked model with its key, as `tfwm protect` writes them, and both exports of it.

    Args:
      work: what is there already is kept.
      words: further options of `tfwm protect`.
    """
    made = work / "made"
    if not (made / "key").is_dir() and tfwm(["protect", "--preset", "fast", "--out", str(made), *words]):
        raise RuntimeError(f"`tfwm protect` failed in `{made}`. Its message stands above.")
    key = OwnerKey.load(made / "key")
    scheme, model = scheme_of(key), load_network(made / "marked.keras")
    if not (made / "sealed").is_dir():
        export(model, made / "sealed", scheme=scheme, key=key)
    if not (made / "open").is_dir():
        export_open(model, key.networks[EXTRACTOR], scheme.extractor_outputs, made / "open")
    return made


def measured(stolen: Suspect, before: Suspect, key: OwnerKey, test: ImagePairs, seed: int) -> dict[str, Any]:
    """Whether the mark is still there, whether the thief's is, and what a user sees of it.

    Args:
      stolen: after the attack.
      before: the marked model.
      key: the owner's.
      test: pictures that neither the owner nor the thief trained on.
      seed: of the thief's run.
    """
    verdict = scheme_of(key).verify(stolen, key)
    after, plain = stolen(test.inputs), before(test.inputs)
    return {
        "bits": int(verdict.details["bits"]), "of": verdict.n, "p_value": verdict.p_value, "marked": verdict.marked,
        "nc": verdict.details["nc"], "nc_centred": verdict.details["nc_centred"],
        "thiefs_bits": _thiefs_bits(after, test, key, seed),
        "psnr_to_marked_db": _psnr(after, plain), "psnr_db": _psnr(after, as_float(test.targets)),
        "psnr_before_db": _psnr(plain, as_float(test.targets)),
    }  # fmt: skip


def _thiefs_bits(answers: np.ndarray, test: ImagePairs, key: OwnerKey, seed: int) -> int:
    """How many cells of the thief's own code the owner's extractor reads in the answers, less what it reads in clean
    pictures."""
    *_, code = key.networks[EXTRACTOR](answers, training=False)
    *_, clean = key.networks[EXTRACTOR](as_float(test.targets), training=False)
    read = np.mean(code.numpy() - clean.numpy(), axis=0)
    return int(np.sum(np.sign(read) == thiefs_mark(read.shape, seed)))


def _psnr(first: np.ndarray, second: np.ndarray) -> float:
    errors = np.mean(np.square(np.clip(first, 0, 1) - second), axis=(1, 2, 3))
    return float(np.mean(-10 * np.log10(errors + 1e-12)))


def thieves_pairs(part: str) -> ImagePairs:
    """Rainy and clean patches of photographs that the owner does not have.

    Args:
      part: `attacker` or `test`.
    """
    patches = sample_patches(list(photographs(part).values()), PATCHES[part], SIDE, seed=7)
    return make_pairs("derain", patches, seed=7)


def rows(work: Path, made: Path, schedule: Schedule) -> list[dict[str, Any]]:
    """Every thief against both exports, and the marked model itself in the first row.

    Args:
      work: where the attacks write.
      made: from `marked`.
      schedule: of every attack.
    """
    key, suspect = OwnerKey.load(made / "key"), KerasSuspect("marked", load_network(made / "marked.keras"))
    data, test, run = thieves_pairs("attacker"), thieves_pairs("test"), Run(work, seed=1, quiet=True)
    found = [{"attack": "none", "oracle": "-", "seconds": 0.0, **measured(suspect, suspect, key, test, run.seed)}]
    kinds: tuple[type[Oracle], ...] = (OracleRemove, OracleReplace)
    for attack_class in kinds:
        for oracle, through in THIEVES:
            attack = attack_class("" if oracle == "none" else str(made / oracle), through, schedule=schedule)
            start = time.perf_counter()
            stolen = attack(suspect, data, run.child(f"{attack.name}-{oracle}-{through}"))
            seconds = time.perf_counter() - start
            figures = measured(stolen, suspect, key, test, run.seed)
            found.append({"attack": attack.name, "oracle": TITLES[oracle, through], "seconds": seconds, **figures})
            print(_line(found[-1]), flush=True)
    return found


def _line(row: dict[str, Any]) -> str:
    return (
        f"| {row['attack']} | {row['oracle']} | {row['bits']}/{row['of']} | {row['p_value']:.1e} | {row['nc']:.3f} | "
        f"{row['nc_centred']:.3f} | {row['thiefs_bits']}/{row['of']} | {row['psnr_to_marked_db']:.1f} | "
        f"{row['psnr_db']:.2f} | {row['seconds']:.0f} |"
    )


def page(found: list[dict[str, Any]]) -> str:
    """The rows as a Markdown page.

    Args:
      found: from `rows`.
    """
    head = ("attack", "extractor", "owner's bits", "p", "NC", "centred NC", "thief's bits", "PSNR to marked, dB",
            "PSNR to truth, dB", "seconds")  # fmt: skip
    words = [
        "# Oracle attacks against an open and a sealed extractor", "",
        "`python -m benchmarks.sealing` writes this page. " + " ".join(__doc__.split("\n\n")[2].split()), "",
        f"Before the attacks the model's answers are {found[0]['psnr_before_db']:.2f} dB from the truth. 32 of 64 bits "
        "are chance, for the owner's code and for the thief's. One host and one seed; the thief has 512 pictures, and "
        "trains for 400 steps. Through a sealed file there is no gradient, so that its rows are those of the control; "
        "a proxy of noise costs the thief fidelity and the owner nothing.", "",
        f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(_line, found), "",
    ]  # fmt: skip
    return "\n".join(words)


def main() -> None:
    """Trains what is not there yet, attacks, and writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sealing", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/sealing"))
    parser.add_argument("--out", type=Path, default=Path("results/sealing.json"))
    parser.add_argument("--epochs", type=int, default=8, help="of 50 steps, of every attack (default 8)")
    options = parser.parse_args()
    schedule = Schedule(options.epochs, 50, 16, 2e-3, "cosine")
    found = rows(options.work / "attacks", marked(options.work, ["--patches", "1500"]), schedule)
    write_json(options.out, {"rows": found, "thiefs_pictures": PATCHES["attacker"], "epochs_of_50": options.epochs})
    options.out.with_suffix(".md").write_text(page(found), encoding="utf-8")
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
