"""Stages are announced when they start, and while they get through many bytes."""

import pickle

import compat_saver
from compat_saver.isolation import Stage
from compat_saver.migration import clock
from tests.small_models import write_model


def test_bytes_are_announced_now_and_then(monkeypatch):
    now = iter([0.0, 0.1, 0.3, 0.3, 0.4, 1.0, 1.0])
    monkeypatch.setattr(clock.time, "perf_counter", lambda: next(now))
    announced = []
    count = clock.Clock(announced.append).bytes_of("write", 400)
    for _ in range(4):
        count(100)
    assert [(stage, stage.done, stage.total) for stage in announced] == [("write", 200, 400), ("write", 400, 400)]


def test_a_stage_comes_out_of_another_process_as_it_is():
    stage = pickle.loads(pickle.dumps(Stage.at("write", 1, 2)))
    assert (stage, stage.done, stage.total) == ("write", 1, 2)


def test_a_migration_announces_every_weight(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "_INTERVAL", -1.0)
    announced = []
    compat_saver.migrate(write_model(tmp_path / "run"), tmp_path / "out", verify=False, progress=announced.append)
    assert announced == ["read", "rewrite", "write", "write", "write"]
    assert [(stage.done, stage.total) for stage in announced[3:]] == [(24, 36), (36, 36)]
