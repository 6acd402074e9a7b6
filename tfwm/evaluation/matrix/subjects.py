"""A marked model of each scheme for the matrix: trained once, kept, and found again after a kill."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.config import to_dict
from tfwm.digests import training_digest
from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.matrix.suite import Suite, suite_host
from tfwm.files import new_directory, read_json, write_json
from tfwm.keys import OwnerKey, new_secret
from tfwm.kinds import Wanted, kind_called
from tfwm.networks import load_network
from tfwm.schemes import make_scheme, scheme_from_dict, scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Run
from tfwm.types import Scheme

Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A marked model with everything that its cells need.

    Args:
      subjects: host, marked model, key, and the thief's and the test part of the data.
      host: the host in words.
      images: how many each part of the data has.
      seconds: of both trainings.
      extractor: the file of the key's extractor; empty where it has none.
    """

    subjects: Subjects
    host: str
    images: Mapping[str, int]
    seconds: float
    extractor: str = ""


def make_subjects(name: str, suite: Suite, run: Run, sources: Mapping[str, str], say: Say) -> Made:
    """Trains a host and marks it, or takes both from an earlier call; a killed training resumes.

    Nobody's ownership rests on these keys, so their secrets follow from the seed: the same call again finds the same
    model.

    Args:
      name: of the scheme.
      suite: says how small everything is.
      run: everything goes below `run.directory/<name>`, which is closed to others.
      sources: where the data of a kind lie; a kind that is not there takes photographs that scikit-image carries.
      say: is called with a sentence on what is done.

    Raises:
      ValueError: settings, data or a host that do not fit each other.
    """
    scheme, parts = _scheme_and_data(name, suite, run.seed, sources, say)
    settings, folder, owner = suite_host(scheme, suite), Path(run.directory) / name, parts["owner"]
    arrays = [np.asarray(array) for array in vars(owner).values()]
    digest = training_digest({"scheme": scheme_to_dict(scheme), "host": to_dict(settings)}, run, *arrays)
    if _digest_in(folder / "made.json") != digest:
        _train(scheme, settings, owner, run, folder, digest, say)
    key = OwnerKey.load(folder / "made/key")
    marked = KerasSuspect("marked model", load_network(folder / "made/marked.keras"))
    host = KerasSuspect("unmarked host", load_network(folder / "made/host.keras"))
    subjects = Subjects(scheme, key, marked, host, parts["attacker"], parts["test"], scheme.alpha)
    words = f"{settings.network}, {host.model.count_params():,} weights"
    seconds = read_json(folder / "made.json")["seconds"]
    extractor = folder / "made/key/extractor.keras"
    return Made(
        subjects, words, {part: len(data) for part, data in parts.items()}, seconds,
        str(extractor) if extractor.is_file() else "",
    )  # fmt: skip


def _scheme_and_data(
    name: str, suite: Suite, seed: int, sources: Mapping[str, str], say: Say
) -> tuple[Scheme, dict[str, Any]]:  # fmt: skip
    """The preset with what the data say, and the data."""
    base = make_scheme(name, suite.preset)
    kind, count = kind_called(base.kind), kind_called(base.kind).counts[suite.preset]
    counts = {"owner": count, "attacker": count, "test": kind.test_count}
    wanted = Wanted(
        counts, base.image_size, base.channels, limit=count, seed=seed, host_settings=base.host_settings
    )  # fmt: skip
    read = kind.read(sources.get(kind.name), wanted, say)
    parts = {part: data[: counts[part]] for part, data in read.items()}
    fields = scheme_to_dict(base)
    described = kind.described(parts["owner"], None)
    return scheme_from_dict({**fields, **{name: value for name, value in described.items() if name in fields}}), parts


def _train(scheme: Scheme, settings: Any, owner: Any, run: Run, folder: Path, digest: str, say: Say) -> None:
    start = time.perf_counter()
    work = run.child(scheme.name).child("work")
    Path(work.directory).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    say(f"{scheme.name}: training a host, {settings.network}, on {len(owner)} images")
    host = kind_called(scheme.kind).train_host(owner, settings, work.child("host"))
    say(f"{scheme.name}: marking it")
    marked = scheme.train(host, owner, work.child("mark"), secret=_secret(scheme, run.seed))
    with new_directory(folder / "made", 0o700, overwrite=True) as temporary:
        host.save(temporary / "host.keras")
        marked.model.save(temporary / "marked.keras")
        marked.key.save(temporary / "key")
    # Last, so that it is there only with all that it stands for.
    write_json(folder / "made.json", {"digest": digest, "seconds": time.perf_counter() - start})


def _secret(scheme: Scheme, seed: int) -> bytes:
    number = hashlib.sha256(f"matrix {scheme.name} {seed}".encode()).digest()[:6]
    return new_secret(int.from_bytes(number, "big"))


def _digest_in(path: Path) -> str:
    return read_json(path)["digest"] if path.is_file() else ""
