"""What Prometheus is told of the requests: how many, how they ended, how long they took."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from serving.client import predict
from serving.metrics import BOUNDS_US, RequestCounts
from serving.server import Server
from tests.serving.brightener import images
from tests.serving.test_rest import ONE, ask

NAME = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(_bucket|_sum|_count)?(\{[a-zA-Z_]+="[^"]*"(,[a-zA-Z_]+="[^"]*")*\})? [0-9.]+'
)


def test_histograms_by_hand() -> None:
    counts = RequestCounts()
    for seconds in (0.0001, 0.00015, 3.0, 5000.0):
        counts.add("m", ("m",), "Predict", "GRPC", "OK", seconds)
    text = counts.as_text()
    labels = 'model_name="m",API="Predict",entrypoint="GRPC"'
    assert ':tensorflow:serving:request_count{model_name="m",status="OK"} 4' in text
    found = dict(re.findall(r"request_latency_bucket\{" + re.escape(labels) + r',le="([^"]+)"\} (\d+)', text))
    assert [found[key] for key in ("100", "200", "2000000", "5000000", "50000000", "+Inf")] == list("122334")
    assert len(found) == len(BOUNDS_US) + 1
    assert f":tensorflow:serving:request_latency_sum{{{labels}}} {100 + 150 + 3_000_000 + 5_000_000_000}" in text
    assert f":tensorflow:serving:request_latency_count{{{labels}}} 4" in text


def test_names_that_do_not_exist_count_together_and_quotes_are_escaped() -> None:
    counts = RequestCounts()
    for number in range(1000):
        counts.add(f"guess {number}", ('a"b',), "Predict", "REST", "NOT_FOUND", 0.01)
    counts.add('a"b', ('a"b',), "Predict", "REST", "OK", 0.01)
    text = counts.as_text()
    assert 'request_count{model_name="",status="NOT_FOUND"} 1000' in text
    assert r'request_count{model_name="a\"b",status="OK"} 1' in text
    assert len(text.splitlines()) < 60


def test_both_ports_are_counted(versions: dict[float, Path]) -> None:
    with Server({"m": versions[0.5]}, rest_port=0, metrics=True) as server:
        predict(server.address, "m", {"image": images(1, 2, 2, 3)})
        for name in ("m", "nobody"):
            with pytest.raises(RuntimeError):
                predict(server.address, name, {"picture": images(1, 2, 2, 3)})
        assert ask(server, "POST", "/v1/models/m:predict", {"instances": ONE})[0] == 200
        assert ask(server, "POST", "/v1/models/m:classify", {"examples": [{}]})[0] == 400
        url = f"http://{server.rest_address}/monitoring/prometheus/metrics"
        with urllib.request.urlopen(url, timeout=10) as response:
            text = response.read().decode()
    assert 'request_count{model_name="m",status="OK"} 2' in text
    assert 'request_count{model_name="m",status="INVALID_ARGUMENT"} 2' in text
    assert 'request_count{model_name="",status="NOT_FOUND"} 1' in text
    assert 'request_latency_count{model_name="m",API="Predict",entrypoint="GRPC"} 2' in text
    assert 'request_latency_count{model_name="m",API="Predict",entrypoint="REST"} 1' in text
    assert 'request_latency_count{model_name="m",API="Classify",entrypoint="REST"} 1' in text
    assert "tfwm_extract_requests_total" in text
    assert all(line.startswith("#") or NAME.fullmatch(line) for line in text.splitlines())
