"""What an operator may set of a gateway: each type declares it, and one function reads and checks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..core.languages import Sentence, said_by, sentence


class BadOption(ValueError):
    """A setting that can't be used; ``str`` is one sentence that names it and never tells a secret's value.

    ``setting``: which one, as ``options.tps`` or ``secrets.api_key``; None when it is about several.
    """

    def __init__(self, said: Sentence, setting: str | None = None):
        super().__init__(said)
        self.setting = setting


class Option(NamedTuple):
    """One setting. ``kind``: text (one line), template (any text), url, integer, decimal, choice, list, json, flag.

    A list is separated by commas and kept in upper case; so are choices compared. ``least`` and ``most`` bound numbers.
    ``destination``: it says where the secrets are sent, as every url does.
    """

    name: str
    kind: str = "text"
    required: bool = False
    default: Any = None
    help: str = ""
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    destination: bool = False


class Values(NamedTuple):
    """Checked settings by name: each declared one is there, with its default when it was not given."""

    options: dict[str, Any]
    secrets: dict[str, str]


class Configurable:
    """Base of every adapter. ``any_secret``: secrets of any name may be given, for templates that name them.

    ``title`` and ``about`` are for people who choose a type. ``brings_address``: every call tells the vendor where to
    call back, so that nobody has to enter it there.
    """

    type = ""
    title = ""
    about = ""
    brings_address = False
    hears: bool | None = None
    """Whether the vendor calls us; None: if the class can read its calls."""
    common_options: tuple[Option, ...] = ()
    options: tuple[Option, ...] = ()
    secrets: tuple[Option, ...] = ()
    any_secret = False
    hidden: tuple[str, ...] = ()
    """What nobody may read in what the vendor says (`hiding`)."""

    @classmethod
    def check(cls, values: Values) -> None:
        """BadOption when settings that are right by themselves don't fit together."""


def read_options(type_class: type[Configurable], options: Mapping[str, Any], secrets: Mapping[str, Any]) -> Values:
    """What was given, checked against what ``type_class`` declares; BadOption with the first thing that is wrong."""
    known = {option.name: option for option in type_class.options + type_class.common_options}
    hidden = {option.name: option for option in type_class.secrets}
    for name in options:
        if name in hidden:
            raise BadOption(sentence("%(name)s is a secret of %(type)s: give it as a secret", name=name, type=type_class.type))
        if name not in known:
            raise BadOption(_unknown_option(name, type_class.type, known))
    for name in secrets:
        if name in known:
            raise BadOption(sentence("%(name)s is an option of %(type)s: give it as an option", name=name, type=type_class.type))
        if name not in hidden and not type_class.any_secret:
            raise BadOption(_unknown_secret(name, type_class.type, hidden))
        hidden.setdefault(name, Option(name))
    values = Values(
        {name: _read(option, options.get(name), "option") for name, option in known.items()},
        {name: _read(option, secrets.get(name), "secret") for name, option in hidden.items()},
    )
    type_class.check(values)
    return values


def destination(type_class: type[Configurable], values: Values) -> dict[str, Any]:
    """Where a gateway's secrets go: those of its options that say so, defaults included."""
    return {
        option.name: values.options[option.name]
        for option in type_class.options + type_class.common_options
        if option.destination or option.kind == "url"
    }


def _unknown_option(name: str, type_name: str, known: Mapping[str, Option]) -> Sentence:
    shown, names = repr(name[:60]), ", ".join(sorted(known))
    if not known:
        return sentence("%(type)s takes no options, so not %(name)s", type=type_name, name=shown)
    return sentence("%(type)s knows no option %(name)s; its options are %(names)s", type=type_name, name=shown, names=names)


def _unknown_secret(name: str, type_name: str, known: Mapping[str, Option]) -> Sentence:
    shown, names = repr(name[:60]), ", ".join(sorted(known))
    if not known:
        return sentence("%(type)s takes no secrets, so not %(name)s", type=type_name, name=shown)
    return sentence("%(type)s knows no secret %(name)s; its secrets are %(names)s", type=type_name, name=shown, names=names)


def _read(option: Option, given: Any, word: str) -> Any:
    if given is None or (isinstance(given, str) and not given.strip()):
        if option.required:
            raise BadOption(_missing(option, word), f"{word}s.{option.name}")
        return option.default
    try:
        return READERS[option.kind](option, given)
    except ValueError as error:
        expected, shown = said_by(error), repr(str(given)[:60])
        raise BadOption(
            sentence("The secret %(name)s must be %(expected)s", name=option.name, expected=expected)
            if word == "secret"
            else sentence(
                "The option %(name)s must be %(expected)s, not %(given)s", name=option.name, expected=expected, given=shown
            ),
            f"{word}s.{option.name}",
        ) from None


def _missing(option: Option, word: str) -> Sentence:
    values: dict[str, object] = {"name": option.name}
    if option.help:
        values["help"] = sentence(option.help)
        if word == "secret":
            return sentence("The secret %(name)s is missing (%(help)s)", **values)
        return sentence("The option %(name)s is missing (%(help)s)", **values)
    if word == "secret":
        return sentence("The secret %(name)s is missing", **values)
    return sentence("The option %(name)s is missing", **values)


def _line(option: Option, given: Any) -> str:
    text = str(given).strip()
    if not text.isprintable():
        raise ValueError(sentence("one line of printable text"))
    if option.pattern and not re.fullmatch(option.pattern, text):
        raise ValueError(sentence(option.help) if option.help else sentence("in the right form"))
    return text


def _template(option: Option, given: Any) -> str:
    text = given if isinstance(given, str) else json.dumps(given)
    if "\0" in text:
        raise ValueError(sentence("text without NUL characters"))
    return text


def _url(option: Option, given: Any) -> str:
    text = _line(option, given)
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        right = False
    if not right:
        raise ValueError(sentence("a web address such as https://api.example.com"))
    return text


def _bounded(option: Option, number: Any) -> Any:
    least, most = option.least, option.most
    if (least is not None and number < least) or (most is not None and number > most):
        if most is None:
            raise ValueError(sentence("at least %(least)s", least=least))
        if least is None:
            raise ValueError(sentence("at most %(most)s", most=most))
        raise ValueError(sentence("from %(least)s to %(most)s", least=least, most=most))
    return number


def _integer(option: Option, given: Any) -> int:
    if isinstance(given, bool) or not re.fullmatch(r"-?[0-9]{1,12}", str(given).strip()):
        raise ValueError(sentence("a whole number"))
    return _bounded(option, int(given))


def _decimal(option: Option, given: Any) -> Decimal:
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or isinstance(given, bool) or not 0 < number < 10**9:
        raise ValueError(sentence("a number above 0"))
    return _bounded(option, number)


def _choice(option: Option, given: Any) -> str:
    for choice in option.choices:
        if choice.casefold() == str(given).strip().casefold():
            return choice
    raise ValueError(sentence("one of %(choices)s", choices=", ".join(option.choices)))


def _list(option: Option, given: Any) -> tuple[str, ...]:
    items = given if isinstance(given, list | tuple) else str(given).split(",")
    words = dict.fromkeys(_line(option._replace(pattern=""), item).upper() for item in items if str(item).strip())
    for word in words:
        if option.choices and word not in option.choices:
            raise ValueError(sentence("a list of %(choices)s", choices=", ".join(option.choices)))
        if option.pattern and not re.fullmatch(option.pattern, word):
            raise ValueError(sentence(option.help) if option.help else sentence("a comma list"))
    return tuple(words)


def _json(option: Option, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise ValueError(sentence("JSON")) from None


def _flag(option: Option, given: Any) -> bool:
    word = str(given).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(sentence("1 or 0"))


READERS: dict[str, Callable[[Option, Any], Any]] = {
    "text": _line,
    "template": _template,
    "url": _url,
    "integer": _integer,
    "decimal": _decimal,
    "choice": _choice,
    "list": _list,
    "json": _json,
    "flag": _flag,
}
