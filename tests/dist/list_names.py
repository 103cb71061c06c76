"""Prints as JSON what `dir()` finds in each module that is named as an argument."""

import importlib
import json
import sys

sys.stdout.write(json.dumps({name: sorted(dir(importlib.import_module(name))) for name in sys.argv[1:]}) + "\n")
