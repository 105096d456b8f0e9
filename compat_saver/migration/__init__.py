"""plan -> rewrite -> write -> verify -> publish."""

from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.report import MigrationReport
from compat_saver.migration.run import migrate, verify

__all__ = ["MigrationOptions", "MigrationReport", "migrate", "verify"]
