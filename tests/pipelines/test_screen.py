import logging
import warnings

from absl import logging as absl_logging

from pipelines.screen import quiet


def test_only_the_component_and_errors_are_seen(capsys, caplog):
    with quiet(), caplog.at_level(logging.DEBUG):
        absl_logging.info("Using deployment config:\n %s", "four thousand lines")
        absl_logging.info("Component %s is running.", "HostTrainer")
        absl_logging.warning("ArtifactQuery.property_predicate is not supported.")
        absl_logging.error("Execution %d failed.", 3)
        warnings.warn("a non-supported Python version", FutureWarning, stacklevel=1)
    assert capsys.readouterr().err.count("HostTrainer ...\n") == 1
    assert [record.getMessage() for record in caplog.records if record.name == "absl"] == ["Execution 3 failed."]


def test_everything_is_as_before_afterwards():
    logger, before = absl_logging.get_absl_logger(), absl_logging.get_verbosity()
    filters, beam = list(logger.filters), logging.getLogger("apache_beam").level
    with quiet():
        assert logging.getLogger("apache_beam").level == logging.ERROR
    assert (absl_logging.get_verbosity(), list(logger.filters)) == (before, filters)
    assert logging.getLogger("apache_beam").level == beam


def test_verbose_changes_nothing():
    before = list(absl_logging.get_absl_logger().filters)
    with quiet(verbose=True):
        assert list(absl_logging.get_absl_logger().filters) == before
