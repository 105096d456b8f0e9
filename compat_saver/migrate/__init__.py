"""plan -> rewrite -> write -> verify -> publish."""

from compat_saver.migrate.options import MigrationOptions
from compat_saver.migrate.outcome import MigrationReport
from compat_saver.migrate.run import migrate, verify

__all__ = ["MigrationOptions", "MigrationReport", "migrate", "verify"]
