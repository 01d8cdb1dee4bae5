"""A broken override is found before a reader meets it, and the message says where it is."""

from pathlib import Path

import pytest
import specimens

from newsletter.rendering import notices, template_check
from newsletter.rendering.templating import templates


def site_with(root: Path, **files: str):
    """The newsletter with an operator's files; `__` stands for a slash, the last `_` for a full stop."""
    for name, content in files.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return specimens.SITE.model_copy(update={"templates_dir": root})


def test_our_own_templates_have_no_fault():
    """Every mail and every page of ours passes."""
    assert template_check.fault(specimens.SITE) is None


def test_each_part_of_a_mail_can_be_replaced_alone(tmp_path: Path):
    """Subject, HTML and text of one mail in the operator's words, and the trial is content."""
    site = site_with(
        tmp_path,
        email__confirm__subject_txt="Bitte bestätigen\n",
        email__confirm__body_html='{% extends "_action.html" %}{% block content %}<h1>Bitte</h1>'
        '{{ action("-confirm_url-", "Ja") }}{% include "_ours.html" %}{% endblock %}',
        email__confirm__body_txt="Bitte:\n-confirm_url-\n",
        email___ours_html="<p>Ihr Lesesaal, {{ site.host }}</p>",
    )
    assert template_check.fault(site) is None
    letter = notices.render("confirm", site)
    assert letter.subject == "Bitte bestätigen"
    assert letter.text == "Bitte:\n-confirm_url-\n"
    assert '<p style="margin:0">Ihr Lesesaal, papers.example.org</p>' in (letter.html or "")
    assert notices.render("already", site) == notices.render("already", specimens.SITE)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"email__confirm__subject_txt": "Confirm\n{% if site.name %}"},
            "email/confirm/subject.txt is broken on line 2: Unexpected end of template",
        ),
        (
            {"email__confirm__subject_txt": "\n\n{{ sight.name }}"},
            "email/confirm/subject.txt uses “sight”, which nothing gives it",
        ),
        (
            {"email__digest__body_txt": "The day\n{{ edition.dat }}"},
            "email/digest/body.txt is broken on line 2: 'newsletter.models.Edition object' has no",
        ),
        (
            {"email__digest__subject_txt": "{% if edition.since %}{{ site.wek }}{% else %}Today{% endif %}"},
            "email/digest/subject.txt is broken on line 1",
        ),
        ({"email__welcome__body_html": "{{ site | shout }}"}, "No filter named 'shout'"),
        ({"email__alert__body_txt": "{% include 'nowhere.txt' %}"}, "nowhere.txt"),
        ({"email__already__subject_txt": "  "}, "email/already leaves the subject or the text empty"),
        ({"email__confirm__subjct_txt": "Confirm"}, "email/confirm/subjct.txt replaces none of ours"),
        ({"web__landing_htm": "<p>"}, "web/landing.htm replaces none of ours"),
        ({"web__landing_html": "{% block main %}"}, "web/landing.html is broken on line 1"),
        (
            {"web__landing_html": '{% extends "_layout.html" %}{% block main %}{{ editon }}{% endblock %}'},
            "web/landing.html uses “editon”",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_broken_override_is_named_with_its_place_and_its_remedy(
    tmp_path: Path, files: dict[str, str], said: str
):
    """Which file, which line, what is wrong with it, and what to do."""
    found = template_check.fault(site_with(tmp_path, **files))
    assert found is not None
    assert said in found
    assert found.endswith(
        ("Mend it, or remove the override.", "remove the override.", "includes it.", "into it.")
    )


def test_bytes_that_are_no_text_are_a_fault_too(tmp_path: Path):
    """A file saved in Latin-1 is named, not raised about."""
    site = site_with(tmp_path, email__confirm__subject_txt="")
    (tmp_path / "email" / "confirm" / "subject.txt").write_bytes("Bestätigen".encode("latin-1"))
    assert "email/confirm/subject.txt is broken" in (template_check.fault(site) or "")


def test_files_that_are_served_as_they_are_may_have_any_name(tmp_path: Path):
    """An operator's own picture replaces nothing, and is no fault."""
    assert template_check.fault(site_with(tmp_path, web__static__logo_svg="<svg/>")) is None
    assert templates.folders("web", tmp_path)[0] == tmp_path / "web"


@pytest.mark.parametrize(
    ("name", "link"), [("digest", "unsubscribe"), ("welcome", "unsubscribe"), ("confirm", "confirm")]
)
@pytest.mark.parametrize("ending", ["html", "txt"])
def test_a_mail_without_its_link_is_a_fault(tmp_path: Path, name: str, link: str, ending: str):
    """In HTML as in text."""
    site = site_with(tmp_path, **{f"email__{name}__body_{ending}": "Papers."})
    said = template_check.fault(site) or ""
    assert f"email/{name}/body.{ending} lacks the link -{link}_url-" in said


@pytest.mark.parametrize("file", ["logo_jpg", "img__logo_png", "sites_css", "site_ccs"])
def test_a_static_file_that_nobody_would_get_is_a_fault(tmp_path: Path, file: str):
    """Of a kind that is not served, in a folder, or with a slip in its name."""
    assert "web/static/" in (template_check.fault(site_with(tmp_path, **{f"web__static__{file}": "x"})) or "")
