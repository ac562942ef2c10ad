"""``python -m vigil COMMAND``: the console script, for where its folder is not on the PATH."""

import sys

from vigil.cli import main

sys.exit(main())
