"""The admin command: projects, keys, OAuth clients and the vault of a deployed stack, or of the local one.

It is run from a checkout, where nothing else says that the layer's code lies under ``layers/unified``.
"""

import sys
from pathlib import Path

_LAYER = str(Path(__file__).resolve().parent.parent / "layers" / "unified")
if _LAYER not in sys.path:
    sys.path.append(_LAYER)
