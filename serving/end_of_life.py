"""Words of others about the age of this Python, which tell a user at every start what he cannot change."""

from __future__ import annotations

import sys
import warnings

# Google's packages check the version when TensorFlow loads them; docs/stack.md says why it is what it is.
WORDS = r"You are using a (non-supported )?Python version"
BY = r"google\.api_core\."


def hush() -> None:
    """Leaves out the warnings of Google's packages that they support Python 3.10 no longer.

    No others are left out, and none where the user has said what he wants to see (`python -W`, PYTHONWARNINGS).
    """
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", WORDS, FutureWarning, BY)
