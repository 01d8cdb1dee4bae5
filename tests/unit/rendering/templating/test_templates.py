"""Operators change our words without touching our files, and a template cannot fail in silence."""

from pathlib import Path

import pytest
import specimens
from jinja2 import TemplateNotFound, UndefinedError

from newsletter.errors import SettingsError
from newsletter.rendering import notices, pages
from newsletter.rendering.site import SiteFacts
from newsletter.rendering.templating import templates

PARTS = {"subject.txt", "body.html", "body.txt"}


def a_folder(root: Path, name: str, content: str) -> Path:
    """Write one template into a folder of the operator's."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    return root


def test_every_mail_has_a_subject_a_page_and_a_text():
    """No mail lacks one of its three files."""
    mails = [folder for folder in templates.folders("email")[0].iterdir() if folder.is_dir()]
    assert len(mails) >= 7
    assert {folder.name: {file.name for file in folder.iterdir()} for folder in mails} == {
        folder.name: PARTS for folder in mails
    }


def test_an_operators_template_replaces_ours_of_the_same_name_alone(tmp_path):
    """One file in their folder changes one part of one mail."""
    folder = a_folder(tmp_path, "email/confirm/subject.txt", "Bitte bestätigen: {{ site.name }}\n")
    site = specimens.SITE.model_copy(update={"templates_dir": folder})
    theirs, ours = notices.render("confirm", site), notices.render("confirm", specimens.SITE)
    assert theirs.subject == "Bitte bestätigen: Trending Papers"
    assert (theirs.html, theirs.text) == (ours.html, ours.text)


def test_an_operators_layout_carries_our_letters(tmp_path):
    """Their sheet is used by every mail that extends it."""
    folder = a_folder(tmp_path, "email/_layout.html", "<!DOCTYPE html><p>{% block content %}{% endblock %}")
    site = specimens.SITE.model_copy(update={"templates_dir": folder})
    html = notices.render("already", site).html or ""
    assert html.startswith("<!DOCTYPE html>")
    assert "You are already in" in html
    assert "<style" not in html


def test_a_name_that_nobody_gave_is_an_error(tmp_path):
    """A typing error in a template ends in an error, not in an empty space in somebody's mail."""
    folder = a_folder(tmp_path, "email/confirm/subject.txt", "Confirm {{ sight.name }}\n")
    site = specimens.SITE.model_copy(update={"templates_dir": folder})
    with pytest.raises(UndefinedError, match="sight"):
        notices.render("confirm", site)


def test_a_folder_that_does_not_exist_is_refused_with_the_setting_that_names_it(tmp_path):
    """Otherwise our texts would go out instead of theirs."""
    with pytest.raises(SettingsError, match="NEWSLETTER_TEMPLATES_DIR"):
        templates.folders("email", tmp_path / "nowhere")


def test_a_template_is_parsed_once_a_process():
    """Two mails share one environment."""
    assert templates.environment("email", None) is templates.environment("email", None)


def test_pages_are_escaped_and_know_the_site(make_settings):
    """A page's template has `site` and the filters, and writes what strangers wrote as text."""
    environment = pages.environment(make_settings(name="Papers & Co"))
    page = environment.from_string("{{ site.name }} {{ title }} {{ [0, 1] | sparkline }}")
    assert page.render(title="<script>") == "Papers &amp; Co &lt;script&gt; ▁█"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()
    with pytest.raises(TemplateNotFound):
        environment.get_template("digest/body.html")


def test_two_sites_in_one_process_keep_their_names(make_settings):
    """Environments of different settings do not share what they know of the site."""
    first = pages.environment(make_settings(name="First"))
    second = pages.environment(make_settings(name="Second"))
    assert [one.from_string("{{ site.name }}").render() for one in (first, second)] == ["First", "Second"]


def test_site_facts_hold_no_secret(make_settings):
    """What templates may name is what readers may see."""
    facts = SiteFacts.of(make_settings(admin_token="a-secret-token"))
    assert "secret" not in facts.model_dump_json()
