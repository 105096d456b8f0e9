"""YAML of strangers: no other types than JSON's, and no more values than memory holds."""

import pytest

from compat_saver.errors import UsageError
from compat_saver.sources.yaml_files import read_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "it stands for more than 1,000,000 values, aliases counted"),
        ("a: &a [*a]", "an alias means what it is part of"),
        ("? [a]\n: 1", "a key is a sequence, not a text"),
        ("? {a: 1}\n: 1", "a key is a mapping, not a text"),
        ("a: 1\na: 2", "'a' is given more than once"),
        ("a: !!bool perhaps", "expected a JSON or YAML file"),
        ("a: !!int ''", "expected a JSON or YAML file"),
        ("a: !!timestamp z", "could not determine a constructor"),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a: !!set {b}", "could not determine a constructor"),
        ("[" * 10_000, "brackets in brackets without end"),
        ('{"a": ' + "9" * 5000 + "}", "expected a JSON or YAML file"),
    ],
)
def test_what_is_refused(text, says, tmp_path):
    (tmp_path / "in.yaml").write_text(text)
    with pytest.raises(UsageError, match=says):
        read_yaml(tmp_path / "in.yaml")


def test_a_file_that_is_too_large(tmp_path):
    with (tmp_path / "in.yaml").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(UsageError, match="it has more than 16,000,000 bytes"):
        read_yaml(tmp_path / "in.yaml")


def test_a_device():
    with pytest.raises(UsageError, match="it is a device"):
        read_yaml("/dev/zero")


def test_what_is_read(tmp_path):
    (tmp_path / "in.yaml").write_text("a: &x [1, 2.5, yes, ~, text]\nb: *x\nday: 2020-13-45\n")
    values = [1, 2.5, True, None, "text"]
    assert read_yaml(tmp_path / "in.yaml") == {"a": values, "b": values, "day": "2020-13-45"}
