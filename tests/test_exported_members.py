"""The public names: adding one is a decision, losing one breaks somebody."""

import inspect
import pydoc
import re
import subprocess
import sys

import compat_saver

PUBLIC = [
    "ArtifactError",
    "CannotMigrateError",
    "ChecksumError",
    "CompatSaverError",
    "CrashError",
    "FormatError",
    "GraphError",
    "MemoryLimitError",
    "NameNotFoundError",
    "NewCheckpointReader",
    "NotALegacyArtifactError",
    "OutputExistsError",
    "RestoreError",
    "Saver",
    "SideEffectError",
    "SourceNotFoundError",
    "TensorFlowMissingError",
    "TensorNotFoundError",
    "TimeLimitError",
    "UsageError",
    "VerificationError",
    "__version__",
    "checkpoint_exists",
    "export_meta_graph",
    "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "import_meta_graph",
    "init_from_checkpoint",
    "inspect",
    "latest_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_into",
    "load_variable",
    "migrate",
    "migrate_many",
    "open_checkpoint",
    "read_checkpoint_state",
    "read_meta_graph",
    "remove_checkpoint",
    "restore",
    "save_checkpoint",
    "update_checkpoint_state",
    "verify",
    "warm_start",
]


def test_the_public_names_are_these():
    assert compat_saver.__all__ == PUBLIC == sorted(PUBLIC)


def test_every_public_name_is_there_and_documented():
    for name in PUBLIC:
        member = getattr(compat_saver, name)
        assert name == "__version__" or inspect.getdoc(member)


def test_nothing_else_looks_public():
    visible = {name for name, member in vars(compat_saver).items() if not inspect.ismodule(member)}
    assert {name for name in visible if not name.startswith("_")} <= set(PUBLIC)


def test_every_error_is_public():
    errors = {name for name, member in vars(compat_saver.errors).items() if _is_error(member)}
    assert errors <= set(PUBLIC)


def _is_error(member: object) -> bool:
    return isinstance(member, type) and issubclass(member, compat_saver.CompatSaverError)


def test_dir_lists_them_before_any_is_used():
    code = "import compat_saver; print(*dir(compat_saver))"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(PUBLIC) <= set(listed)


def test_help_lists_them_in_groups_and_one_by_one():
    text = pydoc.plain(pydoc.render_doc(compat_saver))
    groups, _, members = text.partition("PACKAGE CONTENTS")
    for name in set(PUBLIC) - {"__version__"}:
        assert re.search(rf"\b{name}\b", groups), name
        assert re.search(rf"^    (class )?{name}\(", members, re.MULTILINE), name
