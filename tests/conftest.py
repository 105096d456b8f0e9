"""What holds for all tests."""

import pytest

from compat_saver import _tensorflow


def pytest_addoption(parser):
    parser.addoption("--nightly", action="store_true", help="run what is marked nightly as well")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--nightly"):
        return
    left_out = [item for item in items if item.get_closest_marker("nightly")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("nightly")]


@pytest.fixture(autouse=True)
def tensorflow_is_imported_once(request):
    """In a process that has TensorFlow a migration starts no other one, which would import it again."""
    if request.node.get_closest_marker("tensorflow"):
        _tensorflow.tensorflow()
