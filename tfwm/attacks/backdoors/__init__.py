"""Hidden triggers of a classifier, searched for and unlearnt."""
