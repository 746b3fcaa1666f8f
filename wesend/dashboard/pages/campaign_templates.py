"""Texts that are kept under a name: to begin a campaign with, to be named otherwise, to be deleted."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core.languages import gettext as _
from ...core.languages import marked
from ...messages.campaigns import text_templates
from ..current_account import account
from ..forms import Form, Text
from ..sessions import actor
from .campaigns import blueprint


class TemplateForm(Form):
    template_name = Text(marked("Name"))


@blueprint.get("/templates")
def list_templates() -> ResponseReturnValue:
    return _page(None, TemplateForm(formdata=None))


def _page(edited: int | None, form: TemplateForm) -> str:
    return render_template(
        "campaigns/templates.html",
        templates=text_templates.list_templates(account().id, actor=actor()),
        edited=edited or request.args.get("edit", type=int),
        form=form,
    )


@blueprint.post("/templates/<int:template_id>")
def rename_template(template_id: int) -> ResponseReturnValue:
    text_templates.get(account().id, template_id, actor=actor())  # one that is gone has no form to tell it at
    form = TemplateForm()
    if form.sent():
        with form.refusals():
            text_templates.rename(account().id, template_id, form.template_name.data, actor=actor())
            flash(_("Saved."), "success")
            return redirect(url_for(".list_templates"), 303)
    return _page(template_id, form)


@blueprint.post("/templates/<int:template_id>/delete")
def delete_template(template_id: int) -> ResponseReturnValue:
    text_templates.delete(account().id, template_id, actor=actor())
    flash(_("The template is gone."), "success")
    return redirect(url_for(".list_templates"), 303)
