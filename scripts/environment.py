"""Create the environment of the checks: the program's own packages and those of `requirements/dev.txt`.

Names other than `dev` on the command line add the packages of those files instead (`sigstore`).
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from setup_local.bootstrap import ensure_environment  # noqa: E402 (needs the path above)

if __name__ == "__main__":
    requirements = ROOT / "requirements"
    for name in ("runtime", *(sys.argv[1:] or ["dev"])):
        ensure_environment(ROOT / ".venv", requirements / f"{name}.txt")
