"""Workers take many calls; what becomes of one call is nothing to the others."""

import time

import pytest

from compat_saver.batch.workers import Workers
from compat_saver.errors import CrashError, MemoryLimitError, TimeLimitError
from tests.batch import calls

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def worker():
    with Workers(1) as workers:
        yield workers


def test_a_worker_takes_many_calls(worker):
    (three, first), (five, second) = (worker.submit(calls.add, number, b=2).result() for number in (1, 3))
    assert (three, five) == (3, 5)
    assert first == second


def test_an_error_is_raised_here_and_the_worker_goes_on(worker):
    before = worker.submit(calls.add, 1).result()
    with pytest.raises(KeyError, match="not there"):
        worker.submit(calls.fail).result()
    assert worker.submit(calls.add, 1).result() == before


@pytest.mark.parametrize(("call", "how"), [(calls.crash, "SIGSEGV, Fatal Python error"), (calls.leave, "exit code 7")])
def test_a_crash_costs_its_call_only(worker, call, how):
    before = worker.submit(calls.add, 1)
    lost, after = worker.submit(call), worker.submit(calls.add, 1)
    with pytest.raises(CrashError, match=how):
        lost.result()
    assert before.result()[0] == after.result()[0] == 2
    assert before.result()[1] != after.result()[1]


def test_a_worker_with_a_call_that_goes_on_in_a_thread_is_replaced(worker):
    first = worker.submit(calls.leave_a_thread_behind).result()
    assert worker.submit(calls.add, 1).result()[1] != first


def test_a_call_that_takes_too_long_is_ended():
    with Workers(1, seconds=0.5) as workers:
        long = workers.submit(time.sleep, 60)
        with pytest.raises(TimeLimitError, match=r"^The model took more than 0\.5 seconds \(--time-per-model\)\.$"):
            long.result()


def test_the_largest_worker_is_ended_when_all_have_too_much_memory():
    with Workers(2, memory=1_500_000_000) as workers:
        small, large = workers.submit(calls.grow, 50_000_000), workers.submit(calls.grow, 2_000_000_000)
        with pytest.raises(MemoryLimitError, match=r"The process had .* bytes of memory, and all workers more than"):
            large.result()
        assert not small.done()
        workers.shutdown(wait=False)
        with pytest.raises(CrashError, match="stopped"):
            small.result()
