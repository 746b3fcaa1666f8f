"""A form made from what a type of gateway declares. Its fields are named as the settings are: ``options.tps``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField, Field, PasswordField, SelectField, TextAreaField

from ..adapters.options import READERS, Configurable, Option
from ..core.languages import gettext as _
from ..core.languages import marked, told
from ..gateways.service import GatewayInfo
from .forms import REQUIRED, CheckList, Form, Text, choices

SPARE = 3
"""Blank pairs of name and value, where secrets of any name may be given."""
PLACEHOLDER = re.compile(r"[A-Za-z_]\w{0,63}")
WORDS = {"api": "API", "url": "URL", "id": "ID", "sid": "SID", "tls": "TLS", "tps": "TPS", "ca": "CA"}
LABELS = {"delivered": marked("Words for delivered"), "failed": marked("Words for failed"), "id_path": marked("Path of the ID")}
PLAIN = {"integer": {"inputmode": "numeric"}, "decimal": {"inputmode": "decimal"}, "url": {"inputmode": "url"}}


class GatewayForm(Form):
    """``info``: the gateway that is set anew; None for one that is new."""

    kind: type[Configurable]
    info: GatewayInfo | None

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        return super().validate(extra_validators) & self._pairs_are_whole()

    def _pairs_are_whole(self) -> bool:
        for name, value in self.pairs():
            if value.data and not PLACEHOLDER.fullmatch(name.data or ""):
                name.errors = [_("A name of letters, digits and _, as in {token}")]
            elif name.data and not value.data:
                value.errors = [_("Its value is missing")]
        return not any(field.errors for pair in self.pairs() for field in pair)

    def own_options(self) -> list[Field]:
        return [self[f"options.{option.name}"] for option in self.kind.options]

    def limits(self) -> list[Field]:
        """What every type of its kind has."""
        return [self[f"options.{option.name}"] for option in self.kind.common_options]

    def secrets(self) -> list[tuple[Field, Field | None]]:
        """Each with the box that removes it, where it may be done without."""
        return [
            (field, self._fields.get(name.replace("secrets.", "forget.", 1)))
            for name, field in self._fields.items()
            if name.startswith("secrets.")
        ]

    def pairs(self) -> list[tuple[Field, Field]]:
        return [
            (self[f"new.{number}.name"], self[f"new.{number}.value"])
            for number in range(1, SPARE + 1)
            if f"new.{number}.name" in self._fields
        ]

    def given_options(self) -> dict[str, str]:
        """Those that are not left to their defaults, as the command would be given them."""
        found = {
            option.name: _text_of(option, self[f"options.{option.name}"]) for option in self.kind.options + self.kind.common_options
        }
        return {name: text for name, text in found.items() if text.strip()}

    def given_secrets(self) -> dict[str, str]:
        """Those that were typed; an empty text for what is to be removed."""
        found = {}
        for field, box in self.secrets():
            if field.data or (box is not None and box.data):
                found[field.name.removeprefix("secrets.")] = field.data or ""
        return found | {name.data: value.data for name, value in self.pairs() if value.data}


def form_for(kind: type[Configurable], info: GatewayInfo | None = None) -> GatewayForm:
    """The form of a type, filled with what the gateway has, but its secrets."""
    stored = info.options if info else {}
    declared = kind.options + kind.common_options
    fields: dict[str, Any] = {"kind": kind, "info": info}
    if info is None:
        fields["name"] = Text(
            _("Name"),
            [REQUIRED],
            render_kw={"maxlength": 40, "autocomplete": "off", "spellcheck": "false"},
            description=_("How it is called everywhere: small letters, digits, - and _."),
        )
    fields |= {f"options.{option.name}": _field(option) for option in declared}
    fields |= _secret_fields(kind, info.secrets if info else ())
    made = type("GatewayForm", (GatewayForm,), fields)
    return made(data={f"options.{option.name}": _shown(option, stored.get(option.name)) for option in declared})


def label_of(name: str) -> str:
    """``api_key`` → ``API key``."""
    words = [WORDS.get(word, word) for word in name.split("_")]
    return LABELS.get(name) or " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def _help(option: Option) -> str:
    text = told(option.help).removeprefix("1: ")
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith((".", "…")) else ".")


def _field(option: Option) -> Field:
    label, more = told(label_of(option.name)), {"description": _help(option)}
    needed = [REQUIRED] if option.required else []
    if option.kind == "flag":
        return BooleanField(label, **more)
    if option.kind == "choice":
        return SelectField(label, choices=choices((choice, choice) for choice in option.choices), **more)
    if option.kind == "list" and option.choices:
        return CheckList(label, choices=choices((choice, choice) for choice in option.choices), **more)
    default = _written(option.default)
    attributes = {"placeholder": default, "autocomplete": "off", "spellcheck": "false", **PLAIN.get(option.kind, {})}
    if option.kind in ("template", "json"):
        return TextAreaField(label, needed, render_kw={**attributes, "rows": 3, "class": "mono"}, **more)
    return Text(label, needed, render_kw=attributes, **more)


def _secret_fields(kind: type[Configurable], given: tuple[str, ...]) -> dict[str, Any]:
    declared = {option.name: option for option in kind.secrets}
    fields: dict[str, Any] = {}
    for name, option in {**declared, **{name: Option(name) for name in given if name not in declared}}.items():
        kept, label = name in given, told(label_of(name)) if name in declared else name
        hint = " ".join(filter(None, (_help(option), _("Given before: leave it blank to keep it.") if kept else "")))
        fields[f"secrets.{name}"] = PasswordField(
            label,
            [REQUIRED] if option.required and not kept else [],
            description=hint,
            render_kw={"autocomplete": "new-password", "spellcheck": "false"},
        )
        if kept and not option.required:
            fields[f"forget.{name}"] = BooleanField(_("Take the %(label)s away", label=label))
    for number in range(1, SPARE + 1) if kind.any_secret else ():
        fields[f"new.{number}.name"] = Text(
            _("Name of secret %(number)s", number=number), render_kw={"autocomplete": "off", "maxlength": 64}
        )
        fields[f"new.{number}.value"] = PasswordField(
            _("Secret %(number)s", number=number), render_kw={"autocomplete": "new-password"}
        )
    return fields


def _written(value: Any) -> str:
    """A default as it would be typed."""
    return ",".join(value) if isinstance(value, tuple) else "" if value in (None, {}) else str(value)


def _shown(option: Option, stored: Any) -> Any:
    """What a field begins with: as it was stored, even where it can't be used; a box or a choice never begins blank."""
    if option.kind in ("flag", "choice") or option.choices:
        try:
            return option.default if stored in (None, "") else READERS[option.kind](option, stored)
        except ValueError:
            return option.default
    return "" if stored is None else stored if isinstance(stored, str) else json.dumps(stored)


def _text_of(option: Option, field: Field) -> str:
    if option.kind == "flag":
        return "" if field.data == bool(option.default) else str(int(field.data))
    if option.kind == "choice":
        return "" if field.data == option.default else field.data
    return ",".join(field.data or ()) if option.choices else field.data or ""
