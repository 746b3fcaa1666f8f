"""Forms: flask-wtf's, with what a domain refuses shown at the field it is about."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import DecimalField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from ..accounts import roles
from ..core import money
from ..core.errors import AccountSuspended, InvalidInput, StorageFull, TooManyAsked, WesendError


class Form(FlaskForm):
    """``form.sent()``: the form came in and its shape is right. ``with form.refusals():`` around the service call.

    ``fields``: a domain's field name → the form's, where they differ.
    """

    domain_names: dict[str, str] = {}

    def sent(self) -> bool:
        return request.method == "POST" and self.validate()

    @contextmanager
    def refusals(self):
        """Domain errors become the form's; look at ``form.was_refused`` afterwards.

        A missing right is none of the form's: whoever lacks it is not shown the form. Nor is a crowd of tests.
        """
        try:
            yield
        except (roles.MissingRight, AccountSuspended, TooManyAsked, StorageFull):
            raise
        except WesendError as error:
            self.refuse(error)

    def refuse(self, error: WesendError) -> None:
        shown = False
        for name, sentences in (error.fields if isinstance(error, InvalidInput) else {}).items():
            field = self._fields.get(self.domain_names.get(name, name))
            if field is not None:
                field.errors = [*field.errors, str(error) if len(error.fields) == 1 else sentences[0]]
                shown = True
        if not shown:
            self.form_errors.append(str(error))

    @property
    def was_refused(self) -> bool:
        return bool(self.errors)


def choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """(value, label) pairs for a SelectField."""
    return [SelectChoice(value, label) for value, label in pairs]


class Text(StringField):
    """A line of text, without what was typed around it; NUL bytes are no text."""

    def process_formdata(self, valuelist):
        if valuelist:
            self.data = valuelist[0].replace("\x00", "").strip()


class Amount(DecimalField):
    """A decimal amount → micro-units in ``field.micros``. A line of text: a number's field takes no ``5,000``."""

    widget = TextInput()
    micros: int | None = None

    def _value(self):
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else money.text(money.to_micros(self.data))

    def process_formdata(self, valuelist):
        text = valuelist[0].replace(",", "").replace(" ", "") if valuelist else ""
        if not text:
            self.data = None
            return
        try:
            self.micros = money.to_micros(text)
            self.data = money.to_decimal(self.micros)
        except ValueError:
            self.data = None
            raise ValueError("Not an amount with at most 6 decimals") from None


class CheckList(SelectMultipleField):
    """Any of several, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


REQUIRED = InputRequired("Please fill this in")
