"""The texts that are to be translated, as the source has them: ``python -m tests.translations`` enters new ones into every
language's file and takes out those that are gone; what is left to translate is listed. `docs/translating.md` tells more.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

import wesend.models  # noqa: F401  imports the domains, whose errors are looked up below
from wesend.core import catalogues, languages
from wesend.core.catalogues import path_of
from wesend.core.errors import WesendError
from wesend.dashboard.forms import BUILT_IN
from wesend.dashboard.gateway_forms import label_of

ROOT = catalogues.FOLDER.parent
ENGLISH_ALONE = ("dialects", "cli", "smpp", "docs", "testing", "translations", "database")
"""What speaks to machines, developers and operators at a command line."""
MARKS = {"_": 1, "gettext": 1, "marked": 1, "sentence": 1, "ngettext": 2, "counted": 2, "Finding": 1}
"""Functions whose first arguments are texts: how many."""
OPTIONS = {"jinja2.ext.i18n": "", "encoding": "utf-8", "newstyle_gettext": "true", "extensions": "jinja2.ext.i18n"}

HEAD = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
"""Of a language's file: without times, which would change with every writing."""

Text = tuple[int, str | tuple[str, str]]


def errors() -> frozenset[str]:
    """The names of all domain errors, whose sentences pages show."""
    found, left = set(), [WesendError]
    while left:
        kind = left.pop()
        found.add(kind.__name__)
        left.extend(kind.__subclasses__())
    return frozenset(found)


ERRORS = errors()


def of_python(source: str) -> Iterator[Text]:
    """Marked texts, sentences of errors, and the help of a gateway's settings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in MARKS:
                yield from _first(node, MARKS[name])
            elif name in ERRORS:
                yield from _first(node, 1)
            elif name == "Option":
                yield from ((node.lineno, label_of(option)) for option in map(_constant, node.args[:1]) if option)
                yield from (
                    (word.value.lineno, text) for word in node.keywords if word.arg == "help" and (text := _constant(word.value))
                )
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node)


def _first(node: ast.Call, count: int) -> Iterator[Text]:
    texts = [text for argument in node.args[:count] if (text := _constant(argument))]
    if len(texts) == count:
        yield node.lineno, texts[0] if count == 1 else (texts[0], texts[1])


def _of_class(node: ast.ClassDef) -> Iterator[Text]:
    """``sentence`` of an error, ``about`` of a type of gateway."""
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id in ("sentence", "about"):
            text = _constant(line.value)
            if text:
                yield line.lineno, text


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value else None


def of_template(source: bytes) -> Iterator[Text]:
    for line, _function, text, _comments in babel_extract(BytesIO(source), ("_", "gettext", "ngettext"), (), OPTIONS):
        parts = tuple(part for part in (text if isinstance(text, tuple) else (text,)) if part)
        if parts:  # none, where a variable is handed to the function
            yield line, parts[0] if len(parts) == 1 else (parts[0], parts[1])


def extracted() -> Catalog:
    """Every text of the source, with the files that have it."""
    catalog = Catalog(charset="utf-8")
    for path in sorted(ROOT.rglob("*.py")) + sorted(ROOT.rglob("*.html")):
        place = path.relative_to(ROOT)
        if place.parts[0] in ENGLISH_ALONE:
            continue
        texts = of_python(path.read_text()) if path.suffix == ".py" else of_template(path.read_bytes())
        for _line, text in texts:
            catalog.add(text, locations=[(str(place), 0)])
    for text in BUILT_IN:
        catalog.add(text, locations=[("dashboard/forms.py", 0)])
    return catalog


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def missing(catalog: Catalog) -> list[Message]:
    """What is not translated, or not wholly."""
    return [message for message in catalog if message.id and (message.fuzzy or not all(_strings(message)))]


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def update(language: str) -> Catalog:
    """The language's file with exactly the texts of the source."""
    before, found = read(language), extracted()
    after = Catalog(locale=language, charset="utf-8", header_comment="", fuzzy=False)
    for message in found:
        if message.id:
            known = before.get(message.id)
            after.add(message.id, known.string if known else None, locations=message.locations)
    written = BytesIO()
    write_po(written, after, width=0, sort_output=True, omit_header=True, include_lineno=False, ignore_obsolete=True)
    path_of(language).write_bytes(HEAD.format(language=language, plural=after.plural_forms).encode() + written.getvalue())
    return after


def main() -> int:
    left = 0
    for language in sorted(set(languages.NAMES) - {languages.DEFAULT}):
        for message in missing(update(language)):
            print(f"{language}: {message.id}")
            left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
