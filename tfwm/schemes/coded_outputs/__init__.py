"""What schemes share that add a message of the key's to every picture that a model outputs, and read it from answers.

    a --host--> b --barrier--> b' = b + residual(b, message)
    reader(b') ------> what speaks for each bit

Published methods for single pictures, made marks of models by the protocol of all coded marks: the message is drawn
from the key's secret when everything else in the key is fixed, a suspect answers the key's probe images, what the
reader says of all answers is averaged, and the p-value is an exact binomial tail.

| file | holds |
|---|---|
| usual.py | what is tried against such a mark where nothing is named |
| settings.py | fields that all of them have |
| training.py | from host and data to model and key |
| reading.py | from answers to what speaks for each bit |
| scheme.py | the verbs |
"""
