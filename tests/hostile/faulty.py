"""Runs commands of `tfwm`, or pushes, that a fault hits at a chosen moment: `faulty.py JOBS.json`, one process a job.

A moment is the number, from 1, of an operation that changes a file or folder below the job's folder, or of a step or an
epoch of a training that ends. The start of a push counts as its first operation. Faults are

| fault | what happens then |
|---|---|
| `kill` | SIGKILL, before the operation |
| `alarm` | the process ends, wherever it is, that many milliseconds after the first operation |
| `ENOSPC`, `EROFS` | this operation, and each later one that makes a file or folder, raises that error |
| a number | from the start, no file can be longer than so many bytes |

A job has the `words` of a command, or none for the push of what lies in its folder; see pushing.py. TensorFlow is
loaded once, and each job is a fork of that process. Where a job names a folder `kept`, its own folder is
copied there afterwards, for a test to look at what the next job finds. Prints one JSON line a job: the exit code
(negative for a signal), what the command printed, the number of operations, and the time from the first one on.
"""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import tfwm.cli
import tfwm.exporting
import tfwm.kinds
import tfwm.schemes
from tfwm.training.callbacks import State

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod")
MAKES = ("open", "os.mkdir")


class Fault:
    """Counts operations, and strikes at one of them.

    Args:
      job: `folder`, `fault` and `at`, which is 0 for never.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self._folder, self._fault, self._at = str(job["folder"]), job.get("fault", ""), job.get("at", 0)
        self.count, self.start = 0, 0.0

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python tells before an operation."""
        if event not in CHANGES and not (event == "open" and arguments[2] & WRITES):
            return
        path = os.fspath(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        if os.fsdecode(path).startswith(self._folder):
            self.passed(event in MAKES)

    def passed(self, makes: bool) -> None:
        """One operation more; `makes` tells whether it makes a file or folder."""
        self.count += 1
        if self.count == 1:
            self.start = time.perf_counter()
            if self._fault == "alarm":
                # Python sets no handler, so the kernel ends the process, in the middle of TensorFlow's own writing too.
                signal.setitimer(signal.ITIMER_REAL, self._at / 1000)
        if self._at and self._fault == "kill" and self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._at and self._fault in errno.__dict__ and makes and self.count >= self._at:
            code = errno.__dict__[self._fault]
            raise OSError(code, os.strerror(code), self._folder)

    def watch_training(self) -> None:
        """Steps and epochs count too: TensorFlow writes checkpoints where Python does not see it."""
        ended = State.on_epoch_end

        def on_train_batch_end(state: State, batch: int, logs: Any = None) -> None:
            self.passed(False)

        def on_epoch_end(state: State, epoch: int, logs: Any = None) -> None:
            self.passed(False)
            ended(state, epoch, logs)
            self.passed(False)

        State.on_train_batch_end, State.on_epoch_end = on_train_batch_end, on_epoch_end  # type: ignore[method-assign]


def run(job: dict[str, Any], report: Path) -> None:
    """Runs the command or the push of a job and ends the process."""
    work = _pushing(job) if "words" not in job else lambda: tfwm.cli.main([str(word) for word in job["words"]])
    fault = Fault(job)
    if str(job.get("fault", "")).isdigit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(job["fault"]), int(job["fault"])))
    fault.watch_training()
    sys.addaudithook(fault.audit)
    for stream in (1, 2):
        os.dup2(os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    if "words" not in job:
        fault.passed(False)
    code = work()
    milliseconds = round(1000 * (time.perf_counter() - fault.start)) if fault.count else 0
    print(f"\nmilliseconds {milliseconds} operations {fault.count}", flush=True)
    os._exit(code)


def _pushing(job: dict[str, Any]) -> Callable[[], int]:
    """What pushes, and gives 0, or 2 for an error that the system tells."""
    from tests.hostile.pushing import prepared_push

    push = prepared_push(Path(job["folder"]))

    def call() -> int:
        try:
            push()
        except OSError as error:
            print(error, flush=True)
            return 2
        return 0

    return call


def main(jobs: list[dict[str, Any]], folder: Path) -> None:
    if any("words" not in job for job in jobs):
        from tests.hostile.pushing import prepared_push

        prepared_push(folder)  # TFX takes long to load, and each job is a fork
    for number, job in enumerate(jobs):
        report = folder / f"report-{number}.txt"
        child = os.fork()
        if not child:
            run(job, report)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if job.get("kept"):
            shutil.copytree(job["folder"], job["kept"], symlinks=True)
        text = report.read_text() if report.exists() else ""
        found = re.search(r"milliseconds (\d+) operations (\d+)\n\Z", text)
        times = {"milliseconds": int(found[1]), "operations": int(found[2])} if found else {}
        print(json.dumps({"code": status, "printed": text, **times}), flush=True)


if __name__ == "__main__":
    jobs_file = Path(sys.argv[1])
    main(json.loads(jobs_file.read_text()), jobs_file.parent)
