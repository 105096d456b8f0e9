"""plan -> rewrite -> write -> verify -> publish."""

from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.outcome import MigrationReport
from compat_saver.migration.run import migrate, verify

__all__ = ["MigrationOptions", "MigrationReport", "migrate", "verify"]
