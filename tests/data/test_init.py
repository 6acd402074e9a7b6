from __future__ import annotations

import subprocess
import sys

import pytest

import tfwm.data


def test_the_package_loads_neither_tensorflow_nor_scikit_image():
    code = (
        "import sys, tfwm.data; tfwm.data.photographs('test')\n"
        "print([name for name in ('tensorflow', 'skimage', 'tfx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_is_there():
    for name in tfwm.data.__all__:
        assert callable(getattr(tfwm.data, name)) or isinstance(getattr(tfwm.data, name), dict)
    with pytest.raises(AttributeError, match=r"no attribute `nothing`"):
        _ = tfwm.data.nothing
