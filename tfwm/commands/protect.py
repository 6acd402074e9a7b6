"""Trains a host (or takes yours), marks it, and writes what you release and what you keep.

OUT/marked.keras   the marked model: export it and release it
OUT/host.keras     the same host without the mark, for `tfwm evaluate`
OUT/key/           the owner's key: secret; without it nobody can prove anything
OUT/work/          checkpoints and TensorBoard logs; private. A killed run resumes: same command again

With --no-host there is no model: the target images that a task has for your photographs are marked, and OUT/targets/
holds them to be released. Whoever trains on them can be asked. With --task smooth_rtv an algorithm's outputs are.

Each scheme marks one kind of host: networks whose answers are images (deep_watermarking, self_watermarked,
spread_spectrum, dct_mark, dft_mark, dwt_mark, hidden, trigger_image, label_image, projected_label), or classifiers (the
others). A classifier's --data is an .npz file with x_train, y_train, x_test and y_test, or a folder with train/<class>/
and test/<class>/; the scheme's image_size, channels and classes follow from it.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options, protect_data
from tfwm.commands.kept_secret import SECRET, kept_secret, secret_of
from tfwm.commands.result import Result, add_output, say

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.kinds import Kind
    from tfwm.training import Worker
    from tfwm.types import MarkedModel, Scheme


@dataclass(frozen=True)
class Protected:
    """A host, what was made of it, and what the mark costs.

    Args:
      host: without the mark; None where there is none.
      marked: the marked model and its key.
      sentence: what the mark costs, for people.
      figures: the same, for programs.
    """

    host: keras.Model | None
    marked: MarkedModel
    sentence: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--out", required=True, metavar="FOLDER", help="where everything is written")
    option("--host", metavar="FILE", help="your own image-to-image model or classifier, .keras (default: train one)")
    option("--no-host", action="store_true", help="mark the target images themselves, and write them to OUT/targets")
    options.add_network(parser)
    option("--width", type=options.factor, metavar="X", help="of a classifier to train: multiplies its channels")
    options.add_scheme(parser)
    option("--preset", choices=options.PRESETS, default="fast", help="settings to start from (default fast)")
    options.add_set(parser, "scheme")
    options.add_data(parser, "3000 for fast, 160 for tiny (400 of a classifier), 6000 for paper and reference")
    options.add_channels(parser, "as --host; grey for --task debone; else as the preset has it")
    options.add_code(parser)
    options.add_machine(parser)
    add_output(parser)


@options.knowing_code
def run(arguments: argparse.Namespace) -> Result:
    """Trains and marks a host, writes both models and the key, and says where they are.

    Raises:
      FileExistsError: there is a finished key in `--out` already.
      BusyError: another process works in `--out`.
      LostWorkerError: another of several workers is gone.
      ValueError: a setting, a photograph or a host that does not fit.
    """
    from tfwm.commands import opening
    from tfwm.files import locked
    from tfwm.training import told_when_one_is_gone

    out, worker = Path(arguments.out), opening.worker_of(arguments)
    _refuse_finished(out)  # before anything is made in a folder of others
    lock = private(out / "work") / "lock"
    with told_when_one_is_gone(worker.count), locked(lock, "marking a model") if worker.is_chief else nullcontext():
        _refuse_finished(out)
        try:
            return _finished(out, worker, protected(arguments, out))
        except ValueError:
            if worker.is_chief:
                _leave_nothing(out)
            raise


def _finished(out: Path, worker: Worker, made: Protected) -> Result:
    """What the command says in the end; of several workers the chief alone leaves something."""
    from tfwm.training import own_folder

    # All of them save, since they must read the weights together.
    with own_folder(out, worker.is_chief) as place:
        result = written(place, made)
    return result if worker.is_chief else Result(f"{worker} has done its part; the chief writes {out}", {})


def _leave_nothing(out: Path) -> None:
    """Removes the folder again where a word was wrong and nothing was made in it but the lock."""
    work = out / "work"
    if [path.name for path in work.iterdir()] == ["lock"] and list(out.iterdir()) == [work]:
        (work / "lock").unlink()
        work.rmdir()
        out.rmdir()


def _refuse_finished(out: Path) -> None:
    """Before hours of training, and never over a key: it may be the only proof of an older model."""
    from tfwm.keys import OwnerKey

    kept = out / "work" / SECRET
    if not (out / "key").exists():
        return
    # A run that was killed between its last two steps goes on, with the very same key.
    if not kept.is_file() or OwnerKey.load(out / "key").secret != kept_secret(out / "work"):
        raise FileExistsError(f"`--out` {out} holds a key already. Choose another folder.")


def private(folder: Path) -> Path:
    """Makes a folder that its owner alone can read, where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def protected(arguments: argparse.Namespace, out: Path) -> Protected:
    """Trains a host where none is given, and marks it.

    Args:
      arguments: of the command.
      out: checkpoints go to `out/work`.

    Raises:
      FileNotFoundError: no such data.
      ValueError: a setting, data or a host that does not fit.
    """
    from tfwm.commands import opening
    from tfwm.kinds import Wanted, kind_called
    from tfwm.training import check_run

    given = opening.load_network(arguments.host) if arguments.host else None
    first = _first_scheme(arguments, given)
    kind = kind_called(first.kind)
    _check_width(arguments, kind)
    if arguments.no_host:
        protect_data.check(arguments, first)
    if given is not None:
        kind.check(given, None, "--host")
    wanted = Wanted(
        {"owner": arguments.patches or kind.counts[arguments.preset], "test": kind.test_count}, first.image_size,
        first.channels, arguments.channels, given, arguments.task, arguments.patches, arguments.seed,
        first.host_settings,
    )  # fmt: skip
    parts = kind.read(arguments.data, wanted, say)
    owner, scheme = parts["owner"], _scheme(arguments, kind.described(parts["owner"], given))
    if given is not None:
        kind.check(given, owner, "--host")
        say(kind.measured(given, owner, "--host"))
    run = opening.run_of(arguments, out / "work", together=True)
    check_run(run, scheme)  # now, and not when the host has been trained for hours
    host = given
    if host is None and not arguments.no_host:
        changes = {"network": arguments.network, "width": arguments.width, **scheme.host_settings}
        settings = kind.preset(arguments.preset, **changes)
        say(f"training a host, {settings.network}, on {len(owner)} images")
        host = kind.train_host(owner, settings, run.child("host"))
    say(f"marking with {scheme.name}, preset {arguments.preset}, on {len(owner)} images of {scheme.image_size} pixels")
    marked = scheme.train(host, owner, run.child("mark"), secret=secret_of(out / "work", run.worker))
    if host is None:
        sentence, figures = protect_data.measured(scheme, marked, owner, parts["test"])
        count = protect_data.write_targets(out, arguments, scheme, marked)
        return Protected(
            None, marked, sentence, {**figures, "targets": str(out / protect_data.TARGETS), "count": count}
        )
    return _measured(kind, host, marked, scheme, parts["test"])


def _scheme(arguments: argparse.Namespace, described: Mapping[str, Any]) -> Scheme:
    """The preset with what data and host say, changed by `--set`, which has the last word."""
    from tfwm.schemes import make_scheme, scheme_from_dict, scheme_to_dict

    base = scheme_to_dict(make_scheme(arguments.scheme, arguments.preset))
    known = {name: value for name, value in described.items() if name in base and value is not None}
    return scheme_from_dict(options.changed({**base, **known}, arguments.assignments))


def _first_scheme(arguments: argparse.Namespace, host: keras.Model | None) -> Scheme:
    """The scheme before there are data, for pictures as a host takes them."""
    side = _side(host)
    try:
        return _scheme(arguments, {"channels": _channels(arguments, host), "image_size": side})
    except ValueError as error:
        if side is None:
            raise
        raise ValueError(f"`--host` takes pictures of {side} x {side} pixels: {error}") from error


def _channels(arguments: argparse.Namespace, host: keras.Model | None) -> int | None:
    """The user's choice, else the host's where its pictures are grey or colour, else the task's."""
    from tfwm.data import TASKS

    taken, task = _taken(host)[-1], TASKS.get(arguments.task)
    return arguments.channels or (taken if taken in (1, 3) else None) or (task.channels if task else None) or None


def _side(host: keras.Model | None) -> int | None:
    """Of the pictures that a host takes, where it is of one size; `kind.check` refuses what is not square."""
    return _taken(host)[1]


def _taken(host: keras.Model | None) -> tuple[int | None, ...]:
    """What a host takes, `[n, height, width, channels]`; None for each that it does not say."""
    from tfwm.kinds import shapes_of

    taken = None if host is None else shapes_of(host)[0]
    return taken if isinstance(taken, tuple) and len(taken) == 4 else (None,) * 4


def _check_width(arguments: argparse.Namespace, kind: Kind) -> None:
    from tfwm.kinds import KINDS

    wide = [each for each in KINDS.values() if "width" in {f.name for f in dataclasses.fields(each.settings)}]
    if arguments.width is not None and kind not in wide:
        models = " and ".join(each.models for each in wide)
        raise ValueError(f"`--width` is for {models}, got it with --scheme {arguments.scheme}. Leave it out.")


def _measured(kind: Kind, host: keras.Model, marked: MarkedModel, scheme: Scheme, test: Any) -> Protected:
    from tfwm.suspects import KerasSuspect

    suspect, quality = KerasSuspect("marked model", marked.model), kind.quality(test)
    fidelity = quality.fidelity(quality.answers(suspect), quality.answers(KerasSuspect("host", host)))
    claim, figures = kind.claim(scheme.verify(suspect, marked.key))
    return Protected(host, marked, f"{kind.cost(fidelity, len(test))} {claim}", {**fidelity, **figures})


def written(out: Path, made: Protected) -> Result:
    """Writes both models and the key, and says where they are and what comes next.

    Args:
      out: the folder.
      made: what goes there.
    """
    from tfwm.commands import opening
    from tfwm.files import replacing

    marked = made.marked
    for network, name in ((made.host, "host.keras"), (marked.model, "marked.keras")):
        if network is None:
            continue
        with replacing(out / name) as temporary:
            network.save(temporary)
            temporary.chmod(0o644)
    # Over nothing but this very key: `run` has refused any other.
    marked.key.save(out / "key", overwrite=True)
    (out / "work" / SECRET).unlink(missing_ok=True)  # the key holds it now
    model, key = str(out / "marked.keras"), str(out / "key")
    document = {
        "marked": model, **({} if made.host is None else {"host": str(out / "host.keras")}), "key": key,
        "key_fingerprint": marked.key.fingerprint, "scheme": marked.key.scheme, **made.figures,
        "tensorboard": str(out / "work"),
    }  # fmt: skip
    if made.host is None:
        lines = protect_data.lines(document)
        suspect = "SUSPECT"
    else:
        lines, suspect = f"Marked model   {model}\nUnmarked host  {document['host']}\n", model
    text = (
        f"{lines}Owner's key    {key} (fingerprint {marked.key.fingerprint}; keep it secret, and keep a copy)\n"
        f"{made.sentence}\nNext: tfwm verify --suspect {suspect} --key {key}"
    )
    return Result(text, opening.plain(document))
