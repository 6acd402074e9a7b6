"""Serving a marked model: an embedded PredictionService for machines without the TensorFlow Serving binary.

`serving.server` starts it, `serving.client` talks to it, and the manifests beside them run the same
SavedModels under TensorFlow Serving. Nothing here imports the library's training code.
"""
