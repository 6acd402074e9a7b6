"""How many requests came, how they ended and how long they took, under TensorFlow Serving's names for Prometheus."""

from __future__ import annotations

import bisect
import collections
import threading
from collections.abc import Collection

COUNT, LATENCY = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
BOUNDS_US = tuple(10**power * step for power in range(2, 8) for step in (1, 2, 5))  # microseconds, as there


class RequestCounts:
    """What the server answered since its start; safe for many threads, and no larger for names that do not exist."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: collections.Counter[tuple[str, str]] = collections.Counter()
        self._times: dict[tuple[str, str, str], list[int]] = {}
        self._sums: collections.Counter[tuple[str, str, str]] = collections.Counter()

    def add(self, model: str, known: Collection[str], api: str, entrypoint: str, status: str, seconds: float) -> None:
        """Counts one request.

        Args:
          model: the name that it asked for.
          known: names of the served models; every other name counts as none.
          api: `Predict`, `Classify`, `Regress` or `MultiInference`.
          entrypoint: `GRPC` or `REST`.
          status: the name of its code, `OK` for instance.
          seconds: from its arrival to its end.
        """
        model, microseconds = model if model in known else "", round(1e6 * seconds)
        with self._lock:
            self._ends[model, status] += 1
            where = model, api, entrypoint
            buckets = self._times.setdefault(where, [0] * (len(BOUNDS_US) + 1))
            buckets[bisect.bisect_left(BOUNDS_US, microseconds)] += 1
            self._sums[where] += microseconds

    def as_text(self) -> str:
        """The figures in Prometheus's text format."""
        with self._lock:
            ends, sums = sorted(self._ends.items()), dict(self._sums)
            times = {where: list(buckets) for where, buckets in sorted(self._times.items())}
        lines = [f"# TYPE {COUNT} counter"]
        lines += [f'{COUNT}{{model_name="{quoted(model)}",status="{status}"}} {n}' for (model, status), n in ends]
        lines.append(f"# TYPE {LATENCY} histogram")
        for (model, api, entrypoint), buckets in times.items():
            labels = f'model_name="{quoted(model)}",API="{api}",entrypoint="{entrypoint}"'
            total = 0
            for bound, count in zip((*map(str, BOUNDS_US), "+Inf"), buckets, strict=True):
                total += count
                lines.append(f'{LATENCY}_bucket{{{labels},le="{bound}"}} {total}')
            lines.append(f"{LATENCY}_sum{{{labels}}} {sums[model, api, entrypoint]}")
            lines.append(f"{LATENCY}_count{{{labels}}} {total}")
        return "\n".join(lines) + "\n"


def quoted(name: str) -> str:
    """A label's value as Prometheus wants it."""
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
