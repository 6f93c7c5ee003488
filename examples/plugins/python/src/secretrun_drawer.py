"""A backend as a Python package: drawer://NAME is the content of the file NAME in the directory $DRAWER."""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo
from secretrun.errors import BackendError, BadReference, NotFound, NotSignedIn
from secretrun.formats.pointer import select


class Drawer:
    info = BackendInfo(
        name="drawer",
        title="Drawer (an example)",
        schemes=("drawer",),
        example="drawer://api-key",
        sign_in="DRAWER=/path/to/directory",
    )

    def fetch(self, references, context):
        directory = context.environ.get("DRAWER")
        if not directory:
            raise NotSignedIn("DRAWER does not name a directory", hint=self.info.sign_in)
        answers = {}
        for reference in references:
            try:
                answers[reference] = self._read(directory, reference)
            except BackendError as error:
                answers[reference] = error
        return answers

    def _read(self, directory, reference):
        if "/" in reference.path or reference.path.startswith("."):
            raise BadReference("a name holds no slash and begins with no dot")
        try:
            with open(os.path.join(directory, reference.path), "rb") as file:
                content = file.read()
        except FileNotFoundError:
            raise NotFound(f"there is no {reference.path} in the drawer") from None
        return select(content, reference.pointer, what=reference.path)
