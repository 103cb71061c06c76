"""Check every catalog file against its schema, and the catalogs against each other, for all possible requests."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from setup_local.catalog.catalogs import all_conditions, load_catalogs, refuse_contradictions  # noqa: E402 (as above)
from setup_local.errors import CatalogError  # noqa: E402 (needs the path above)

if __name__ == "__main__":
    try:
        catalogs = load_catalogs()
        conditions = all_conditions(catalogs)
        refuse_contradictions(catalogs, conditions)
    except CatalogError as error:
        sys.exit(f"error: {error}")
    print(f"the catalogs are consistent in all {len(conditions)} cases")
