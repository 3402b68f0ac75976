"""What pyproject.toml cannot say: the wheel carries a folder that stands elsewhere in a checkout.

`sample_models/digits` is `edgekit/sample_models/digits` in the wheel, for `edgekit demo`. As a
package by `package-dir` it would be one in editable installs too, and those then load a finder at
every start of Python, in each worker as well. Everything else stands in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_SAMPLE = Path("sample_models", "digits")
_SKIPPED = shutil.ignore_patterns("__pycache__")


class BuildWithSample(build_py):
    """Puts the sample beside the package's modules; an editable install finds the checkout's."""

    def run(self) -> None:
        """Build the package, then add the sample."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "edgekit", _SAMPLE)
            shutil.copytree(_SAMPLE, target, ignore=_SKIPPED, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithSample})
