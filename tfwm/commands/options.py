"""Options that several commands take, and `--set field=value`."""

from __future__ import annotations

import argparse
import copy
import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tfwm.config import choose

DEFAULT_SCHEME = "deep_watermarking"
PRESETS = ("fast", "tiny", "paper", "reference")
STRATEGIES = ("default", "mirrored", "multiworker")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


def add_set(parser: argparse.ArgumentParser, what: str) -> None:
    """`--set`, repeatable.

    Args:
      parser: of a command.
      what: the settings are of: `scheme`, `attack` or `way of asking`.
    """
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="assignments",
        help=f"change a setting of the {what}, for instance {_INSTANCES[what]}; repeatable",
    )  # fmt: skip


_INSTANCES = {
    "scheme": "probes=256, initial.epochs=40, or triggers=4 of trigger_image",
    "attack": "share=0.3 or schedule.epochs=3",
    "way of asking": "reveal=2 or decoys=9999 for a key of trigger images",
}  # fmt: skip


def add_scheme(parser: argparse.ArgumentParser) -> None:
    """`--scheme`, with the schemes that are installed."""
    from tfwm.schemes import SCHEMES

    parser.add_argument(
        "--scheme", default=DEFAULT_SCHEME, metavar="NAME",
        help=f"how to mark: {DEFAULT_SCHEME} (default), {listed(SCHEMES, without=DEFAULT_SCHEME)}",
    )  # fmt: skip


def add_network(parser: argparse.ArgumentParser) -> None:
    """`--network`, with the hosts that can be trained here."""
    from tfwm.networks import CLASSIFIERS, RESTORERS

    parser.add_argument(
        "--network", metavar="NAME",
        help=f"host to train: {listed(RESTORERS)} (default residual_unet); or a classifier: {listed(CLASSIFIERS)} "
        "(default resnet18; lenet5 for tiny)",
    )  # fmt: skip


def listed(names: Iterable[str], without: str = "") -> str:
    """Names for a help text, as one sentence would list them.

    Args:
      names: of a table; nothing of it is loaded.
      without: a name that the sentence has already.
    """
    return ", ".join(name for name in names if name != without)


def add_code(parser: argparse.ArgumentParser) -> None:
    """`--import` and `--trust-lambda`, of a command whose `run` is decorated with `knowing_code`."""
    option = parser.add_argument
    option("--import", action="append", default=[], metavar="MODULE", dest="modules", help="a Python module, or a .py "
           "file, with layers of your own that a .keras file names; repeatable")  # fmt: skip
    option("--trust-lambda", action="store_true", help="run the Python code in Lambda layers of .keras files: only for "
           "files of people whom you trust")  # fmt: skip


def knowing_code(run: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], Any]:
    """A command's `run` in which files of networks may hold the code that the user named with `add_code`.

    Args:
      run: of the command.
    """

    @functools.wraps(run)
    def inside(arguments: argparse.Namespace) -> Any:
        if not arguments.modules and not arguments.trust_lambda:
            return run(arguments)
        from tfwm.networks import users_code

        with users_code(arguments.modules, lambdas=arguments.trust_lambda):
            return run(arguments)

    return inside


def add_channels(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """`--channels`.

    Args:
      parser: of a command.
      otherwise: what it is by default, for the help.
    """
    parser.add_argument(
        "--channels", type=int, choices=(1, 3), help=f"read photographs in grey (1) or colour (3; default {otherwise})"
    )


def add_data(parser: argparse.ArgumentParser, patches: str) -> None:
    """`--data`, `--task` and `--patches`.

    Args:
      parser: of a command.
      patches: what the default number is, for the help.
    """
    from tfwm.data import TASKS  # here, because it loads numpy, and most commands need no data

    option = parser.add_argument
    option("--data", metavar="WHERE", help="folder of your photographs (default: those that scikit-image carries); "
           "for classifiers an .npz file or a folder with labelled images")  # fmt: skip
    option("--task", default="derain", help="what a restoration network does: "
           + "; ".join(f"{name} {task.sentence}" for name, task in TASKS.items()) + " (default derain)")  # fmt: skip
    option("--patches", type=positive, metavar="N", help=f"patches to train on (default {patches})")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """`--seed`, `--strategy`, `--precision`, `--jit`, `--epochs-scale` and `--images-at-once`."""
    option = parser.add_argument
    option("--seed", type=seed, default=0, help="of every draw but the secret (default 0)")
    option("--strategy", choices=STRATEGIES, default="default", help="one device, all local ones, or several machines")
    option("--precision", choices=PRECISIONS, default="float32", help="Keras policy (default float32)")
    option("--jit", action="store_true", help="compile the training steps with XLA: slow to begin with, for GPUs")
    option("--epochs-scale", type=factor, default=1.0, metavar="X", help="multiplies all epochs; 0.1 for a trial")
    option(
        "--images-at-once",
        type=positive,
        default=0,
        metavar="N",
        help="the extractor of deep_watermarking trains on so many images at once, where memory is short (default all)",
    )


def seed(text: str) -> int:
    """A whole number of at least 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, got {text!r}")
    return int(text)


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return number


def factor(text: str) -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return number


def changed(values: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """A copy of settings with `field=value` texts applied; `outer.inner=value` reaches a nested field.

    The types are checked by whoever builds the settings from the result (`tfwm.config.from_dict`).

    Args:
      values: fields of settings as JSON values.
      assignments: the texts.

    Raises:
      ValueError: not of this form, or an unknown outer field.
    """
    result = copy.deepcopy(values)
    for text in assignments:
        name, sign, value = text.partition("=")
        if not sign or not all(name.split(".")):
            raise ValueError(f"`--set` must look like field=value, got {text!r}. For instance: --set seed=3.")
        *outer, last = name.split(".")
        place: Any = result
        for part in outer:
            place = choose("field", part, place)
            if not isinstance(place, dict):
                raise ValueError(f"`--set {text}`: `{part}` is a single value. Write {name.rpartition('.')[0]}=value.")
        place[last] = _value(value, place.get(last))
    return result


def _value(text: str, now: Any) -> Any:
    """JSON where it is some; as it is where the field holds a text now."""
    if isinstance(now, str):
        return text
    if isinstance(now, bool) and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(text: str) -> float:
    raise ValueError(text)  # NaN and infinity: then it stays a text, which no number field takes
