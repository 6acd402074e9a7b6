"""The commands of `tfwm`: one module each, with `add_arguments(parser)` and `run(arguments) -> Result`.

Nothing is imported here, and the modules load TensorFlow only inside `run`, so that `--help` is instant.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A line of `tfwm --help`; the module in this package has the command's name, with _ for -."""

    help: str
    example: str


COMMANDS: dict[str, Command] = {
    "protect": Command(
        "train a host (or take yours), mark it, write the marked model and the key",
        "tfwm protect --out runs/mine",
    ),
    "inspect": Command(
        "show what a key is: fingerprint and settings, nothing secret",
        "tfwm inspect runs/mine/key",
    ),
    "verify": Command(
        "ask a suspect model: are you ours?",
        "tfwm verify --suspect grpc://host:8500/model --key runs/mine/key",
    ),
    "commit": Command(
        "before a release: sign that a key was fixed for this model, and show nothing of it",
        'tfwm commit runs/mine --identity "Example Labs" --new-signing-key owner.pem',
    ),
    "reveal": Command(
        "for one dispute: show a judge some pieces of a key, which burns them",
        "tfwm reveal runs/mine/key --samples 40 --out bundle",
    ),
    "judge": Command(
        "judge a bundle against a suspect, without any secret of its owner",
        "tfwm judge bundle --suspect grpc://host:8500/model --controls controls",
    ),
    "attack": Command(
        "do to a model what a thief would do",
        "tfwm attack prune --suspect runs/mine/marked.keras --set share=0.3 --out runs/pruned",
    ),
    "evaluate": Command(
        "all attacks and controls, a report, and a blessing by your policy",
        "tfwm evaluate --model runs/mine/marked.keras --host runs/mine/host.keras --key runs/mine/key "
        "--policy policy.json --out runs/report",
    ),
    "calibrate": Command(
        "is p honest? p-values of wrong keys and of independent models, against uniform ones",
        "tfwm calibrate runs/mine --models 20",
    ),
    "export": Command(
        "write a SavedModel for serving, with the sealed `extract` signature",
        "tfwm export --model runs/mine/marked.keras --key runs/mine/key --out served/derain/1",
    ),
    "audit-export": Command(
        "look for secrets in an exported SavedModel",
        "tfwm audit-export served/derain/1 --key runs/mine/key",
    ),
    "certificate": Command(
        "write, or check, the signed certificate of an exported model",
        "tfwm certificate --check served/derain.json --model served/derain/1",
    ),
    "serve": Command(
        "serve SavedModels over gRPC, as TensorFlow Serving does",
        "tfwm serve --model derain=served/derain --port 8500",
    ),
    "extract": Command(
        "ask a served model's sealed `extract`: the logo in a picture, or a classifier's key samples",
        "tfwm extract --suspect grpc://localhost:8500/derain --key runs/mine/key --picture marked.png --out logo.png",
    ),
    "probes": Command(
        "write the key's probe images, to record the answers of a suspect that cannot be called",
        "tfwm probes --key runs/mine/key --out probes",
    ),
    "reproduce": Command(
        "run a paper's tables and figures here, beside the paper's own numbers",
        "tfwm reproduce quan2020.table1 --scale smoke",
    ),
}
