"""What holds for all tests."""

import pytest

from compat_saver import _tensorflow


@pytest.fixture(autouse=True)
def tensorflow_is_imported_once(request):
    """In a process that has TensorFlow a migration starts no other one, which would import it again."""
    if request.node.get_closest_marker("tensorflow"):
        _tensorflow.tensorflow()
