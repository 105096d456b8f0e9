"""Runs the tests at both ends of what is supported: `nox`; one session: `nox -s "tests(newest)"`."""

import nox

nox.options.default_venv_backend = "venv"


@nox.session
@nox.parametrize(
    "python,tensorflow",
    [
        nox.param("3.10", "2.16.*", id="oldest"),
        nox.param("3.13", "2.21.*", id="newest"),
    ],
)
def tests(session: nox.Session, tensorflow: str) -> None:
    """Everything, with the oldest and the newest TensorFlow."""
    session.install(".[tf-cpu,test]", f"tensorflow-cpu=={tensorflow}")
    session.run("python", "-m", "pytest", "-n", "2", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("tensorflow", ["2.16.*", "2.17.*", "2.18.*", "2.19.*", "2.20.*", "2.21.*"])
def loaders(session: nox.Session, tensorflow: str) -> None:
    """What loads and converts written models, with each release of TensorFlow; the README says which passed."""
    session.install(".[tf-cpu,test]", f"tensorflow-cpu=={tensorflow}")
    session.run("python", "-m", "pytest", "tests/test_promises.py", "tests/saved_model", *session.posargs)


@nox.session
@nox.parametrize("protobuf", ["4.25.*", "5.*", "6.*", "7.*"])
def protobuf(session: nox.Session, protobuf: str) -> None:
    """What reads files, with each line of protobuf and without TensorFlow."""
    session.install(".[test]", f"protobuf=={protobuf}")
    folders = ("tests/proto", "tests/bundle", "tests/graph", "tests/passes", "tests/sources")
    session.run("python", "-m", "pytest", "-m", "not tensorflow", *folders, *session.posargs)


@nox.session(python="3.11")
def consumers(session: nox.Session) -> None:
    """Migrated loops, and what `--to` writes, in ONNX Runtime and TensorFlow Lite, in versions that go together."""
    session.install(".[tf-cpu,onnx,test]", "tensorflow-cpu==2.16.*", "tf2onnx==1.17.*", "onnx==1.17.*")
    tests = ("tests/test_consumers.py", "tests/migration/test_exports.py")
    session.run("python", "-m", "pytest", *tests, *session.posargs)
