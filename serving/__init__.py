"""Serving a marked model: a PredictionService for machines without the TensorFlow Serving binary, and its client.

| file | holds |
|---|---|
| client.py, channels.py, signatures.py | `Client`, `predict`, what a model takes, the command that sends a picture |
| server.py, embedded.py, limits.py | `Server`, the command that serves, how much it takes at a time |
| config.py | which models are served |
| watching.py, versions.py | the models' folders: new versions are loaded, old ones retired |
| servables.py, warmup.py, places.py | one loaded version, and the requests that are played before it takes over |
| predict.py, inference.py, services.py | from a request to an answer, over gRPC |
| companions.py | health and reflection beside them |
| http_server.py, http_bodies.py, rest.py, json_tensors.py | the same over HTTP, in JSON |
| tokens.py, metrics.py | how many requests for `extract` carried a false token, and what else is counted |
| tensors.py, status.py, tls.py, hosts.py | arrays as messages, errors as status codes, certificates, this machine |
| terminal.py, end_of_life.py | what commands say, and to whom; what others had better not say at every start |

The manifests beside them run the same SavedModels under TensorFlow Serving. Nothing here imports the library.
"""

from serving.end_of_life import hush

hush()
