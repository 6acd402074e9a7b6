"""The demo of a classifier: a small ResNet on handwritten digits, marked by `blind_watermark`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.demo.part import Column, DemoData, Served
from serving.client import predict
from tfwm.components.examples import FORMS
from tfwm.components.labelled_folders import PATTERN, write_parts
from tfwm.data.tasks.digits import handwritten_digits
from tfwm.digests import code_digest
from tfwm.evaluation.page import Photo
from tfwm.evaluation.report import Report, Row
from tfwm.keys import OwnerKey
from tfwm.kinds import kind_called
from tfwm.types import CLASSIFICATION, Suspect

SIDE = 32  # pixels that the digits, 8 x 8 as they come, are enlarged to
SHOWN = 100  # test images that are sent to the served model
MANY, FEW_SAMPLES = 2400, 40  # with fewer images than so many, more key samples cost a narrow network its accuracy
SHORT = {"epochs": 6, "steps_per_epoch": 120, "batch_size": 100, "learning_rate": 0.1, "decay": "cosine"}
DEEPEST = 5  # halvings in the encoder of `blind_watermark`, where the side allows them


class ClassificationDemo:
    """See `pipelines.demo.part.DemoPart`."""

    root = "runs/demo-classifier"
    data_title = "Labelled images: the owner's, a thief's own, and a test part"
    counted = "images"
    serving_title = "Serving the pushed model, a stolen and altered copy and the unmarked host over gRPC"
    columns = (
        Column("key samples", 11, lambda found: f"{round(found['score'] * found['n'])}/{found['n']}"),
        Column("p-value", 8, lambda found: f"{found['p_value']:.1e}"),
        Column("accuracy", 8, lambda found: f"{found['accuracy']:.1%}" if "accuracy" in found else "-"),
    )
    row_figures = ("accuracy", "agreement")

    def prepare(self, source: str | None, root: Path, *, seed: int) -> DemoData:
        """Labelled images in three parts.

        Args:
          source: a folder or an npz file of the user's, as `tfwm.components.labelled_folders.arranged` takes them;
            None takes the 1,797 handwritten digits of scikit-learn.
          root: of the demo.
          seed: of every draw.

        Raises:
          FileNotFoundError: there are no such data.
          ValueError: arrays or classes that are missing.
        """
        form = FORMS[CLASSIFICATION]
        folder = form.arranged(Path(source).absolute(), root, seed=seed) if source else _digits(root, seed)
        form.class_names(str(folder))
        files = sorted((folder / "test").glob(PATTERN))
        drawn = np.sort(np.random.default_rng(seed).permutation(len(files))[:SHOWN])
        shown = {f"{files[i].parent.name}/{files[i].name}": files[i].read_bytes() for i in drawn}
        sources = {part: len(list((folder / part).glob(PATTERN))) for part in ("owner", "attacker", "test")}
        settings: dict[str, Any] = {"scheme": _scheme(folder, sources["owner"])}
        if source is None:
            settings["scheme"]["augment"] = "crop"
            settings |= _for_digits()
        return DemoData(folder, shown, sources, settings)

    def stolen(self, report: Report) -> Row:
        """Of the copies whose weights were trained further or pruned, the most accurate that is still recognised.

        Raises:
          RuntimeError: no attacked network was kept.
        """
        kept = [row for row in report.of_group("attack") if row.model_path]
        if not kept:
            raise RuntimeError("No attacked copy of the marked model was kept. Leave one among the attacks.")
        return max(kept, key=lambda row: (row.verdict["marked"], row.accuracy or 0.0))

    def ask(self, address: str, data: DemoData, key: OwnerKey) -> Served:
        """Test images in, classes out; and how many key samples `extract` counts inside the served model.

        Args:
          address: of the server, host:port.
          data: whose images are sent.
          key: the owner's; a wrong token opens nothing.
        """
        names = sorted({path.parent.name for path in (data.folder / "owner").glob(PATTERN)})
        inputs = {"image_bytes": np.asarray(list(data.shown.values()), object)}
        scores = predict(address, "marked", inputs, signature="serving_bytes")["scores"]
        labels = np.array([names.index(name.split("/")[0]) for name in data.shown])
        right = int((scores.argmax(axis=1) == labels).sum())
        owner, wrong = (_extracted(address, token) for token in (key.token, bytes(b ^ 0xFF for b in key.token)))
        figures = {
            "images": len(labels), "right": right, "key_samples": owner["n"], "token_hits": owner["hits"],
            "token_log10_p": owner["log10_p"], "wrong_token_hits": wrong["hits"],
        }  # fmt: skip
        sentence = (
            f"{len(labels)} test images sent, {right} classes right; extract with the owner's token: "
            f"{owner['hits']} of {owner['n']} key samples, with a wrong one: {wrong['hits']} of {wrong['n']}"
        )
        return Served(sentence, figures)

    def photos(self, root: Path, data: DemoData, host: Suspect, served: Served) -> tuple[Photo, ...]:
        """None: a classifier answers with no picture.

        Args:
          root: is not used.
          data: is not looked at.
          host: is not asked.
          served: is not looked at.
        """
        return ()

    def logo(self, key: OwnerKey) -> None:
        """None: the logo in the key samples is as secret as they are."""
        return None


def _scheme(folder: Path, images: int) -> dict[str, Any]:
    """`blind_watermark` for two cores, with what few or odd pictures ask for.

    Args:
      folder: that the pipeline reads.
      images: of the owner's.
    """
    side = FORMS[CLASSIFICATION].described(folder)["image_size"]
    downs = max((level for level in range(1, DEEPEST + 1) if side % 2**level == 0), default=0)
    fields: dict[str, Any] = {"downs": downs} if downs else {"body": "plain"}
    if images < MANY:
        fields["samples"] = FEW_SAMPLES
    return {"scheme": "blind_watermark", "preset": "fast", **fields}


def _for_digits() -> dict[str, Any]:
    """Digits are learnt in half of the usual steps, and lose their meaning where they are mirrored."""
    kind = kind_called(CLASSIFICATION)
    attacks = [{**fields, "schedule": SHORT} if fields["attack"] == "extract_classifier" else dict(fields)
               for fields in kind.usual_attacks]  # fmt: skip
    return {"host": {"preset": "fast", "augment": "crop", "schedule": SHORT}, "attacks": attacks}


def _digits(root: Path, seed: int) -> Path:
    """The digits of scikit-learn, enlarged, in a folder below `root`."""
    digest = hashlib.sha256(f"digits {seed} {SIDE} {code_digest()}".encode()).hexdigest()[:12]
    folder = root / f"data-{digest}"
    return folder if folder.exists() else write_parts(handwritten_digits(SIDE, seed=seed), folder)


def _extracted(address: str, token: bytes) -> dict[str, Any]:
    found = predict(address, "marked", {"token": np.asarray(token, object)}, signature="extract")
    return {name: value.item() for name, value in found.items()}
