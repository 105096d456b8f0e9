"""Many migrations in one run: found under a root or listed, done by any executor, recorded as they end."""

from compat_saver.batch.outcome import BatchReport, ModelOutcome
from compat_saver.batch.run import Step, migrate_many

__all__ = ["BatchReport", "ModelOutcome", "Step", "migrate_many"]
