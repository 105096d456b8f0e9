"""`python -m compat_saver` is the command as well."""

from compat_saver.cli import main

main()
