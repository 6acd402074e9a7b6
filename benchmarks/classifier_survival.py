"""Measures what is left of a classifier's mark when every request is changed, or the stolen weights are.

    python -m benchmarks.classifier_survival --work runs/survival-classifier --out results/classifier_survival.json

The classifier of `make demo-classifier`, a small ResNet on handwritten digits, is marked twice by `blind_watermark`: by
the preset `fast` as it is, and with a margin around its key samples. A thief with digits of his own serves the model
behind wrappers that cost him nothing, prunes it, trains it further, overwrites the mark, or learns from its answers.

What is in `--work` already is neither trained nor attacked again. Writes the figures, and a page beside them.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tensorflow import keras

from pipelines.demo.classification import SHORT, ClassificationDemo
from tfwm.attacks import attack_from_dict
from tfwm.components.labelled_folders import PATTERN
from tfwm.config import from_dict, to_dict
from tfwm.evaluation.battery import Subjects, evaluate
from tfwm.evaluation.defaults import usual_policy
from tfwm.evaluation.report import Report
from tfwm.files import write_json
from tfwm.keys import OwnerKey
from tfwm.kinds import kind_called
from tfwm.networks import load_network
from tfwm.schemes import scheme_from_dict, scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Margin, Run
from tfwm.types import CLASSIFICATION, LabelledImages, MarkedModel, Scheme

MARGINS = {"without a margin": Margin(), "with a margin": Margin(copies=2, noise=4.0)}
FREE: tuple[dict[str, Any], ...] = (
    {"attack": "request_shift", "rows": 1, "columns": 1}, {"attack": "request_shift", "rows": -1, "columns": 0},
    {"attack": "request_shift", "rows": 2, "columns": -2}, {"attack": "request_shift", "rows": 3, "columns": 3},
    {"attack": "ensemble_scores", "pixels": 1}, {"attack": "ensemble_scores", "pixels": 2},
    {"attack": "ensemble_scores", "pixels": 3}, {"attack": "request_resize", "factor": 0.5},
    {"attack": "request_jpeg", "quality": 90}, {"attack": "request_jpeg", "quality": 50}, {"attack": "mirrored"},
)  # fmt: skip
WEIGHTS: tuple[dict[str, Any], ...] = (
    {"attack": "prune", "share": 0.2}, {"attack": "prune", "share": 0.4}, {"attack": "quantize", "bits": 8},
    {"attack": "weight_noise", "sigma": 0.05}, {"attack": "tune_classifier", "layers": "all"},
    {"attack": "fine_prune", "share": 0.3},
)  # fmt: skip
COPIES: tuple[dict[str, Any], ...] = tuple(
    {"attack": "extract_classifier", "answers": answers, "augment": "crop", "schedule": SHORT}
    for answers in ("scores", "labels")
)


def demo(work: Path, seed: int) -> tuple[dict[str, LabelledImages], Scheme]:
    """The demo's digits in their three parts, and its scheme.

    Args:
      work: where they are written.
      seed: of the division.
    """
    data = ClassificationDemo().prepare(None, work, seed=seed)
    parts = {part: _part(data.folder / part) for part in ("owner", "attacker", "test")}
    described = kind_called(CLASSIFICATION).described(parts["owner"], None)
    return parts, scheme_from_dict({**data.settings["scheme"], **described})


def _part(folder: Path) -> LabelledImages:
    """Pictures in a folder for each class."""
    names = sorted(path.name for path in folder.iterdir())
    files = sorted(folder.glob(PATTERN))
    images = np.stack([np.asarray(Image.open(path).convert("L"))[..., None] for path in files])
    return LabelledImages(images, np.array([names.index(path.parent.name) for path in files]), len(names))


def marked(
    scheme: Scheme, host: keras.Model, owner: LabelledImages, work: Path, seed: int
) -> MarkedModel:  # fmt: skip
    """The marked model and its key; kept in `work`.

    Args:
      scheme: of the owner.
      host: unmarked.
      owner: his images.
      work: a folder of this scheme and seed.
      seed: of the training, and of the secret: nobody relies on these keys.
    """
    if not (work / "key").is_dir():
        secret = hashlib.sha256(f"classifier survival {seed}".encode()).digest()
        made = scheme.train(host, owner, Run(work / "run", seed=seed, quiet=True), secret=secret)
        made.model.save(work / "marked.keras")
        made.key.save(work / "key")
    return MarkedModel(load_network(work / "marked.keras"), OwnerKey.load(work / "key"), ())


def measured(work: Path, seed: int) -> dict[str, Report]:
    """The report on each design.

    Args:
      work: what is there already is kept.
      seed: of data, trainings and attacks.
    """
    parts, plain = demo(work, seed)
    kind, place = kind_called(CLASSIFICATION), work / f"seed_{seed}"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "host.keras").is_file():
        settings = kind.preset("fast", augment="crop", schedule=from_dict(Descent, SHORT))
        kind.train_host(parts["owner"], settings, Run(place / "host", seed=seed, quiet=True)).save(place / "host.keras")
    host, reports = load_network(place / "host.keras"), {}
    for name, margin in MARGINS.items():
        scheme = scheme_from_dict({**scheme_to_dict(plain), "margin": to_dict(margin)})
        folder = place / name.replace(" ", "_")
        made = marked(scheme, host, parts["owner"], folder, seed)
        subjects = Subjects(
            scheme, made.key, KerasSuspect("marked", made.model), KerasSuspect("host", host), parts["attacker"],
            parts["test"],
        )  # fmt: skip
        overwriting = {"attack": "overwrite", "scheme": scheme_to_dict(scheme)}
        attacks = [attack_from_dict(dict(fields)) for fields in (*FREE, *WEIGHTS, *COPIES, overwriting)]
        thief = Run(folder / "attacks", seed=seed, quiet=True)
        reports[name] = evaluate(subjects, attacks, thief, usual_policy(scheme))
        print(page({seed: reports}), flush=True)
    return reports


def page(found: Mapping[int, Mapping[str, Report]]) -> str:
    """Key samples and accuracy, row by row, as a Markdown page.

    Args:
      found: reports by seed and design.
    """
    about = " ".join((__doc__ or "").split("\n\n")[2].split())
    words = [
        "# A classifier's mark under changes of requests and weights", "",
        f"`python -m benchmarks.classifier_survival` writes this page. {about}", "",
    ]  # fmt: skip
    for seed, reports in found.items():
        names = list(reports)
        cost = "; ".join(f"{name} {report.fidelity['marked_accuracy']:.1%}" for name, report in reports.items())
        host = next(iter(reports.values())).fidelity["host_accuracy"]
        heads = [f"{name}: {head}" for name in names for head in ("key samples", "p", "accuracy")]
        words += [f"## Seed {seed}", "", f"Accuracy: {host:.1%} before marking; {cost}.", ""]
        words += [f"| suspect | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
        words += [_line(label, list(reports.values())) for label in labels_of(reports)]
        words.append("")
    return "\n".join(words)


def labels_of(reports: Mapping[str, Report]) -> list[str]:
    """The rows that all designs have but those of suspects that know nothing, in their order.

    Args:
      reports: by design.
    """
    shown = [[row.label for row in report.rows if row.group != "trivial"] for report in reports.values()]
    return [label for label in shown[0] if all(label in other for other in shown)]


def _line(label: str, reports: Sequence[Report]) -> str:
    cells = []
    for report in reports:
        row = next(row for row in report.rows if row.label == label)
        hits = round(row.verdict["score"] * row.verdict["n"])
        cells += [f"{hits}/{row.verdict['n']}", f"{row.verdict['p_value']:.1e}", f"{row.accuracy or 0:.1%}"]
    return f"| {label} | {' | '.join(cells)} |"


def main() -> None:
    """Trains what is not there yet, attacks, and writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classifier_survival", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/survival-classifier"))
    parser.add_argument("--out", type=Path, default=Path("results/classifier_survival.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    found = {seed: measured(options.work, seed) for seed in options.seeds}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document = {str(seed): {name: asdict(report) for name, report in reports.items()}
                for seed, reports in found.items()}  # fmt: skip
    write_json(options.out, document)
    options.out.with_suffix(".md").write_text(page(found), encoding="utf-8")
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
