"""Trains a host (or takes yours), marks it, and writes what you release and what you keep.

OUT/marked.keras   the marked model: export it and release it
OUT/host.keras     the same host without the mark, for `tfwm evaluate`
OUT/key/           the owner's key: secret; without it nobody can prove anything
OUT/work/          checkpoints and TensorBoard logs; private. A killed run resumes: same command again

Of the schemes, blind_watermark, deep_stego and its baselines that make key samples are for classifiers, the others for
networks whose answers are images. A classifier's --data is an .npz file with x_train, y_train, x_test and y_test, or a
folder with train/<class>/ and test/<class>/; the scheme's image_size, channels and classes follow from it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tfwm.commands import options
from tfwm.commands.result import Result, add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--out", required=True, metavar="FOLDER", help="where everything is written")
    option("--host", metavar="FILE", help="your own image-to-image model or classifier, .keras (default: train one)")
    option(
        "--network",
        help="host to train: residual_unet (default), dncnn, red or vdsr; or a classifier: resnet18 (default; lenet5 "
        "for tiny), vgg16, mobilenet_v2 and others",
    )
    option("--width", type=options.factor, metavar="X", help="of a classifier to train: multiplies its channels")
    option(
        "--scheme", default="deep_watermarking",
        help="deep_watermarking (default), trigger_image, or its baselines label_image and projected_label; for "
        "classifiers blind_watermark, deep_stego or one of its baselines",
    )  # fmt: skip
    option("--preset", choices=options.PRESETS, default="fast", help="settings to start from (default fast)")
    options.add_set(parser, "scheme")
    options.add_data(parser, "3000 for fast, 160 for tiny (400 of a classifier), 6000 for paper and reference")
    options.add_channels(parser, "as --host, or as the preset has it")
    options.add_machine(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Does it.

    Raises:
      FileExistsError: there is a key in `--out` already.
      ValueError: a setting, a photograph or a host that does not fit.
    """
    from tfwm.commands.protecting import classifiers, images, outcome
    from tfwm.schemes import marks_classifiers

    out = Path(arguments.out)
    if (out / "key").exists():
        # Before hours of training, and never over a key: it may be the only proof of an older model.
        raise FileExistsError(f"`--out` {out} holds a key already. Choose another folder.")
    kind = classifiers if marks_classifiers(arguments.scheme) else images
    return outcome.write(out, kind.protect(arguments, out))
