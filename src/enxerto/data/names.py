"""Names of files and labels as text that is safe to print, to put into JSON and to sort."""

from __future__ import annotations

import os
import unicodedata
from pathlib import PurePath


def printable(name: str) -> str:
    r"""A name with everything that can't be printed written as a backslash escape, so that no two names become one.

    Bytes that are no UTF-8 become `\xe9`, a newline `\n`, a right-to-left mark `\u200f`, a backslash two.
    """
    if name.isprintable() and "\\" not in name:
        return name
    decoded = os.fsencode(name).decode("utf-8", "surrogateescape")
    return "".join(_escaped(character) for character in decoded)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def name_of(path: PurePath) -> str:
    """A relative path as a name, with `/`."""
    return printable(path.as_posix())


def label_of(text: str) -> str:
    """A label as text: printable, trimmed, and composed, as some file systems take accents apart."""
    return unicodedata.normalize("NFC", printable(text)).strip()
