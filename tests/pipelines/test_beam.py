"""Flags of Beam that it would drop, or fail on late, are refused first."""

import json

import pytest

from pipelines.beam import check_beam_args, completed
from pipelines.configs import PipelineConfig

DATAFLOW = ["--runner=DataflowRunner", "--project=p", "--region=r", "--temp_location=gs://b/t",
            "--sdk_container_image=gcr.io/p/tfwm:1"]  # fmt: skip
PORTABLE = ["--runner=PortableRunner", "--job_endpoint=localhost:8099"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
        ["--runner", "DirectRunner"],
        [*PORTABLE, "--environment_type=EXTERNAL", "--environment_config=localhost:50000"],
        [*PORTABLE, "--environment_type=PROCESS", f"--environment_config={json.dumps({'command': '/opt/boot'})}"],
        ["--runner=FlinkRunner", "--flink_master=flink:8081", "--parallelism=4", "--environment_type=LOOPBACK"],
        ["--runner=SparkRunner", "--spark_master_url=spark://s:7077"],
        [*DATAFLOW, "--experiments=use_runner_v2", "--max_num_workers=8"],
    ],
)
def test_what_a_runner_takes_passes(words):
    check_beam_args(words, "gs://b/root")


@pytest.mark.parametrize(
    ("words", "root", "message"),
    [
        (["--runner=FlinkRuner"], "r", "no Beam runner `FlinkRuner`. Did you mean `FlinkRunner`"),
        (["--runner=FlinkRunner"], "r", "must have --flink_master for FlinkRunner"),
        (["--runner=SparkRunner"], "r", "must have --spark_master_url for SparkRunner"),
        (["--runner=PortableRunner"], "r", "must have --job_endpoint for PortableRunner"),
        (["--runner=PortableRunner", "--job_endpoint=localhost"], "r", "must be host:port, got 'localhost'"),
        (["--direct_num_worker=2"], "r", "which is no flag of Beam. Did you mean --direct_num_workers"),
        (["--direct_num_workers=two"], "r", "not as Beam takes them: .*invalid int value: 'two'"),
        (["runner"], "r", "has runner, which is no flag of Beam"),
        ([*PORTABLE, "--environment_type=EXTERN"], "r", "no Beam environment `EXTERN`. Did you mean `EXTERNAL`"),
        ([*PORTABLE, "--environment_type=EXTERNAL"], "r", "must be host:port of a worker pool for EXTERNAL, got None"),
        (
            [*PORTABLE, "--environment_type=PROCESS", "--environment_config=boot"], "r",
            "must be JSON with a `command` that starts a worker for PROCESS, got 'boot'",
        ),
        (DATAFLOW[:-1], "gs://b/r", "must have --sdk_container_image for DataflowRunner"),
        (DATAFLOW, "/mnt/root", "`root` must be in a bucket for DataflowRunner, got /mnt/root"),
        ([*DATAFLOW, "--temp_location=/tmp"], "gs://b/r", "--temp_location must be in a bucket"),
    ],
)  # fmt: skip
def test_what_it_does_not_is_refused(words, root, message):
    with pytest.raises(ValueError, match=message):
        check_beam_args(words, root)


def test_a_configuration_checks_its_flags(tmp_path):
    with pytest.raises(ValueError, match="no Beam runner `Flink`"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed({"beam_args": ["--runner=Flink"]})


def test_the_image_is_where_workers_find_their_code_unless_said_otherwise():
    assert completed([], "tfwm:1") == ("--sdk_container_image=tfwm:1",)
    for word in ("--sdk_container_image=own:1", "--setup_file=setup.py", "--extra_package=a.whl"):
        assert completed([word], "tfwm:1") == (word,)


def test_a_job_service_may_take_longer_than_beams_minute():
    image = "--sdk_container_image=tfwm:1"
    assert completed(PORTABLE, "tfwm:1") == (*PORTABLE, image, "--job_server_timeout=2592000")
    assert completed([*PORTABLE, "--job_server_timeout=5"], "tfwm:1") == (*PORTABLE, "--job_server_timeout=5", image)
    assert completed(DATAFLOW, "tfwm:1") == tuple(DATAFLOW)
