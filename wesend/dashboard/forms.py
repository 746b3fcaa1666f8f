"""Forms: flask-wtf's, with what a domain refuses shown at the field it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import DecimalField, Field, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from ..accounts import roles
from ..core import languages, money
from ..core.errors import AccountSuspended, InvalidInput, StorageFull, TooManyAsked, WesendError
from ..core.languages import gettext as _
from ..core.languages import marked, told

BUILT_IN: tuple[str | tuple[str, str], ...] = (
    "Invalid input.",
    "Not a valid choice.",
    "Not a valid integer value.",
    "Not a valid decimal value.",
    "Number must be between %(min)s and %(max)s.",
    "Number must be at least %(min)s.",
    "Number must be at most %(max)s.",
    ("Field cannot be longer than %(max)d character.", "Field cannot be longer than %(max)d characters."),
)
"""What WTForms says by itself, to be translated like our own texts."""


class Translations:
    """WTForms' way to ask for a text."""

    gettext = staticmethod(languages.gettext)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return languages.unfilled(singular, plural, n)


PASSED_ON = (roles.MissingRight, AccountSuspended, TooManyAsked, StorageFull)
"""None of the form's: whoever lacks a right is not shown the form."""


def _translate(field: Field) -> None:
    field.label.text, field.description = told(field.label.text), told(field.description)
    if field.render_kw and "placeholder" in field.render_kw:
        field.render_kw = {**field.render_kw, "placeholder": told(field.render_kw["placeholder"])}
    if getattr(field, "choices", None):
        field.choices = [SelectChoice(choice.value, told(choice.label)) for choice in field.choices]


class Refusals:
    """Shows what a domain refuses within it at the form."""

    def __init__(self, form: Form):
        self.form = form

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, WesendError) or isinstance(error, PASSED_ON):
            return False
        self.form.refuse(error)
        return True


class Form(FlaskForm):
    """``form.sent()``: the form came in and its shape is right. ``with form.refusals():`` around the service call.

    ``fields``: a domain's field name → the form's, where they differ.
    """

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: object) -> Translations:
            return Translations()

    domain_names: dict[str, str] = {}

    def __init__(self, *args: Any, **given: Any):
        """Its texts, which stand in the class in English, in the language of whoever asks."""
        super().__init__(*args, **given)
        for field in self:
            _translate(field)

    def sent(self) -> bool:
        return request.method == "POST" and self.validate()

    def refusals(self) -> Refusals:
        """Domain errors become the form's; look at ``form.was_refused`` afterwards."""
        return Refusals(self)

    def refuse(self, error: WesendError) -> None:
        shown = False
        fields = error.fields if isinstance(error, InvalidInput) else {}
        for name, sentences in fields.items():
            field = self._fields.get(self.domain_names.get(name, name))
            if field is not None:
                field.errors = [*field.errors, told(error) if len(fields) == 1 else told(sentences[0])]
                shown = True
        if not shown:
            self.form_errors.append(told(error))

    @property
    def was_refused(self) -> bool:
        return bool(self.errors)


def choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """(value, label) pairs for a SelectField."""
    return [SelectChoice(value, label) for value, label in pairs]


class Text(StringField):
    """A line of text, without what was typed around it; NUL bytes are no text."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = valuelist[0].replace("\x00", "").strip()
        elif self.data is None:  # a form without the field is one where nothing was typed
            self.data = ""


class Amount(DecimalField):
    """A decimal amount → micro-units in ``field.micros``. A line of text: a number's field takes no ``5,000``."""

    widget = TextInput()
    micros: int | None = None

    @property
    def given(self) -> int:
        """Micro-units of a field that is required, after its form was found right."""
        assert self.micros is not None
        return self.micros

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else money.text(money.to_micros(self.data))

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = valuelist[0].replace(",", "").replace(" ", "") if valuelist else ""
        if not text:
            self.data, self.raw_data = None, [""]  # blanks alone are no amount: a required one is asked for
            return
        try:
            self.micros = money.to_micros(text)
            self.data = money.to_decimal(self.micros)
        except ValueError:
            self.data = None
            raise ValueError(_("Not an amount with at most 6 decimals")) from None


class CheckList(SelectMultipleField):
    """Any of several, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


REQUIRED = InputRequired(marked("Please fill this in"))
