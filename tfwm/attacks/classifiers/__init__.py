"""What a thief does with a stolen classifier, and what forgers and accusers do without one.

| file | holds |
|---|---|
| training.py | how a thief goes on training a classifier: shared by all that do |
| tuning.py | `TuneClassifier`, and the networks on the way |
| extraction.py | `ExtractClassifier`: a network of his own, trained on answers |
| fine_pruning.py | `FinePrune`: channels that his images leave cold are cut off |
| reverse.py | `reverse_engineered`, `anomaly_indices`: the small triggers that a network reacts to |
| neural_cleanse.py | `NeuralCleanse`: the most anomalous of them is unlearnt |
| requests.py | `RequestJpeg`, `RequestResize`: an endpoint that encodes each query afresh |
| detectors.py | networks that tell key samples from ordinary pictures |
| detection.py | `EvadeDetected`: an endpoint that answers at random where such a network warns |
| forgery.py | `pasted`: differences of intercepted samples on other pictures |
| accuser.py | `accusation`: adversarial examples that pass for key samples of any model |

`Prune`, `Quantize`, `WeightNoise`, `Overwrite` and `Compose` take classifiers as they take other networks.
"""
