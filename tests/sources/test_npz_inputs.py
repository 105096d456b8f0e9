"""What an .npz file claims is checked before it is inflated."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

from compat_saver.errors import UsageError
from compat_saver.sources.npz_inputs import read_inputs


def read(path, wanted=("x",)):
    headers = {}
    arrays, _ = read_inputs(path, wanted.__contains__, lambda name, header: headers.update({name: header}))
    return arrays, headers


def npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def write(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def test_wanted_arrays_and_their_headers(tmp_path):
    path = tmp_path / "in.npz"
    np.savez_compressed(path, x=np.arange(6).reshape(2, 3), other=np.array([object()], object))
    arrays, headers = read(path)  # the other, of Python objects, is not looked at
    assert arrays["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert headers["x"] == (np.dtype(np.int64), (2, 3))


def test_what_the_check_refuses_is_not_inflated(tmp_path):
    def refuse(name, header):
        raise UsageError(f"{name} {header.shape}")

    content = npy(np.zeros(100_000))
    path = write(tmp_path / "in.npz", x=content)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255  # damaged behind the header
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"x \(100000,\)"):
        read_inputs(path, lambda name: True, refuse)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (npy(np.zeros(3))[:-1], "does not take the 23 bytes"),
        (npy(np.array([{}], object)), "not an array of numbers or strings, but of object"),
        (npy(np.zeros(3, [("a", "f4")])), "not an array of numbers or strings"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 30), "claims 1,073,741,824 bytes"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 3) + b"[[[", "cannot be read as an .npz file"),
        (b"nothing", "cannot be read as an .npz file"),
        (b"", "cannot be read as an .npz file"),
    ],
)
def test_members_that_are_no_arrays(content, says, tmp_path):
    with pytest.raises(UsageError, match=says):
        read(write(tmp_path / "in.npz", x=content))


def test_an_archive_that_claims_more_than_any_inputs_have(tmp_path):
    path = write(tmp_path / "in.npz", x=npy(np.zeros(3)))
    data = path.read_bytes()
    size, huge = struct.pack("<I", len(npy(np.zeros(3)))), struct.pack("<I", 0xFFFFFFF0)
    start = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[:start] + data[start:].replace(size, huge, 1))
    with pytest.raises(UsageError, match="does not take the"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "xy":
            archive.writestr(f"{name}.npy", npy(np.zeros(3)))
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    path.write_bytes(data[:start] + data[start:].replace(size, huge))
    with pytest.raises(UsageError, match="bytes of inputs; expected at most 4,294,967,296"):
        read(path, ("x", "y"))


def test_an_encrypted_archive(tmp_path):
    path = write(tmp_path / "in.npz", x=npy(np.zeros(3)))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"'x\.npy' is encrypted"):
        read(path)


def test_no_archive(tmp_path):
    with pytest.raises(UsageError, match="there is no such file"):
        read(tmp_path / "in.npz")
    (tmp_path / "in.npz").write_text("text")
    with pytest.raises(UsageError, match=r"is no \.npz file"):
        read(tmp_path / "in.npz")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"expected a \.npz file, found a named pipe"):
        read(tmp_path / "pipe")
