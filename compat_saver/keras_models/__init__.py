"""Models of Keras 1 and 2, migrated into files of Keras 3.

Reading order: `changes` and `fields`, `layers`, `operations` and `calls`, `architecture` (pure JSON -> plan),
`compiling`, then `building`, `weights`, `slots`, `compiled` (Keras 3), `samples`, `reference`, `verification`, `proof`,
and `run`; `running` for a single run.
"""

from compat_saver.keras_models.options import KerasOptions
from compat_saver.keras_models.report import KerasReport
from compat_saver.keras_models.run import migrate_keras, verify_keras

__all__ = ["KerasOptions", "KerasReport", "migrate_keras", "verify_keras"]
