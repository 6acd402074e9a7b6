"""The demo of a restoration network: a derainer on photographs, marked by `deep_watermarking`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage.transform import resize

from pipelines.demo.figure import write_figure
from pipelines.demo.part import Column, DemoData, Served
from pipelines.demo.photographs import prepare
from serving.client import predict
from tfwm.attacks import ATTACKS
from tfwm.data import decode_image, encode_png
from tfwm.evaluation.page import Photo
from tfwm.evaluation.report import Report, Row
from tfwm.evidence.statistics import centred_nc
from tfwm.keys import OwnerKey
from tfwm.suspects import as_float
from tfwm.types import Suspect

PAGE_SIDE = 480


class RestorationDemo:
    """See `pipelines.demo.part.DemoPart`."""

    root = "runs/demo"
    data_title = "Photographs: three parts that share none, cut into patches, with rain on top"
    counted = "photographs"
    serving_title = "Serving the pushed model, the stolen surrogate and the unmarked host over gRPC"
    columns = (
        Column("bits", 5, lambda found: f"{found['bits']:.0f}/{found['n']}" if "bits" in found else "-"),
        Column("p-value", 8, lambda found: f"{found['p_value']:.1e}"),
        Column("NC", 6, lambda found: f"{found['nc']:.3f}"),
        Column("centred", 7, lambda found: f"{found['nc_centred']:.3f}"),
    )
    row_figures: tuple[str, ...] = ()

    def prepare(self, source: str | None, root: Path, *, seed: int) -> DemoData:
        """Rainy and clean patches of photographs.

        Args:
          source: a folder, archive or npz of the user's photographs; None takes those of scikit-image.
          root: of the demo.
          seed: of every draw.

        Raises:
          ValueError: too few photographs, or none that is large enough.
        """
        return prepare(source, root, seed=seed)

    def stolen(self, report: Report) -> Row:
        """The surrogate that imitates the marked model best.

        Raises:
          RuntimeError: no surrogate was kept.
        """
        kept = [row for row in report.of_group("attack") if row.model_path]
        copies = [row for row in kept if row.attack and ATTACKS[row.attack["attack"]].copies]
        if not copies:
            raise RuntimeError("No surrogate of the marked model was kept. Leave one among the attacks.")
        return max(copies, key=lambda row: row.psnr_to_marked_db or 0.0)

    def ask(self, address: str, data: DemoData, key: OwnerKey) -> Served:
        """Whole photographs in, marked ones out, and the logo that `extract` reads from these.

        Args:
          address: of the server, host:port.
          data: whose photographs are sent.
          key: the owner's; what a wrong token gives is noise.
        """
        outputs = {name: _marked(address, pair.inputs[0]) for name, pair in data.shown.items()}
        owner, logos, figures = self.logo(key), {}, {}
        tokens = {"owner": key.token, "wrong": bytes(byte ^ 0xFF for byte in key.token)}
        for name, token in tokens.items():
            logos[name] = np.mean([_extracted(address, picture, token) for picture in outputs.values()], axis=0)
        figures["token_nc_centred"] = centred_nc(logos["owner"], owner)
        figures["wrong_token_nc_centred"] = centred_nc(logos["wrong"], owner)
        sentence = "whole photographs sent and received; extract with the owner's token and with a wrong one"
        return Served(sentence, figures, outputs, logos)

    def photos(self, root: Path, data: DemoData, host: Suspect, served: Served) -> tuple[Photo, ...]:
        """Each photograph as it was sent, and without and with the mark; the first one also in `marked.png`.

        Args:
          root: where the figure goes.
          data: whose photographs were sent.
          host: the unmarked one.
          served: what came back.
        """
        photos = [
            Photo(name, as_float(pair.inputs[0]), np.clip(host(pair.inputs)[0], 0, 1), as_float(served.outputs[name]))
            for name, pair in data.shown.items()
        ]
        write_figure(root / "marked.png", photos[0], served.logos["owner"], served.logos["wrong"])
        return tuple(map(_for_the_page, photos))

    def logo(self, key: OwnerKey) -> np.ndarray:
        """The owner's logo, float `[s, s, c]` in [0, 1]."""
        return as_float(key.arrays["logo"])


def _marked(address: str, picture: np.ndarray) -> np.ndarray:
    """uint8 `[h, w, 3]` as PNG bytes there and back."""
    inputs = {"image_bytes": np.asarray([encode_png(picture)], object)}
    answer = predict(address, "marked", inputs, signature="serving_bytes")
    return decode_image(bytes(answer["image_bytes"][0]), "answer")


def _extracted(address: str, picture: np.ndarray, token: bytes) -> np.ndarray:
    inputs = {"image": as_float(picture[None]), "token": np.asarray(token, object)}
    return predict(address, "marked", inputs, signature="extract")["logo"][0]


def _for_the_page(photo: Photo) -> Photo:
    """A page that opens at once: large photographs are shown smaller."""
    factor = PAGE_SIDE / max(photo.input.shape[:2])
    if factor >= 1:
        return photo
    size = tuple(round(factor * side) for side in photo.input.shape[:2])
    return Photo(photo.name, *(resize(picture, size) for picture in (photo.input, photo.unmarked, photo.marked)))
