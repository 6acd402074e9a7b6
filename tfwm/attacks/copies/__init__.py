"""Networks of the thief's own, trained on what the suspect answers."""
