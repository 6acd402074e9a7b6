"""Who tells key samples from ordinary pictures: detectors, steganalysis, ROC."""
