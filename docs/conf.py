"""How Sphinx builds the site: `make docs`. Nothing in it may send a reader's browser off the machine."""
# ruff: noqa: INP001, ARG001 - Sphinx runs this file, nobody imports it; it says what its hooks are given

from __future__ import annotations

import json
import re
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT: Final = Path(__file__).resolve().parents[1]
SWAGGER: Final = ROOT / "tests" / "suites" / "prove" / "node" / "docs" / "node_modules" / "swagger-ui-dist"
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "generated")]

from posthog_environments.config.settings import VERSION  # noqa: E402 - found by the line above

project = "posthog-environments"
author = "The posthog-environments maintainers"
release = version = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_templates", "_static", "notebooks"]
templates_path = ["_templates"]
default_role = "code"  # docstrings mark code with single backticks
smartquotes = False

myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 4

pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme = "furo"
html_title = "posthog-environments"
html_static_path = [
    "_static",
    *(str(SWAGGER / name) for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt")),
]
html_extra_path = [str(ROOT / "openapi.yaml")]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options: dict[str, Any] = {"footer_icons": [], "top_of_page_buttons": []}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 70
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

NAV: Final = (
    (
        "Guides",
        (
            "quickstart",
            "paging",
            "trends",
            "errors",
            "limits",
            "one-budget",
            "watching",
            "beyond",
            "exporting",
            "deleting",
            "dataframes",
            "testing",
            "how-true",
            "example",
            "notebooks",
        ),
    ),
    ("Pipelines", ("dlt", "spark", "fleet")),
    ("Size and speed", ("how-it-scales", "speed")),
    ("When things go wrong", ("what-happens-when", "faults")),
    (
        "Moving",
        (
            "coming-from-requests",
            "what-became-of-the-page",
            "prefix",
            "when-the-api-changes",
            "regenerating",
            "generators",
            "versioning",
        ),
    ),
    ("Reference", ("contract", "reference/index", "commands", "evidence", "known-reports", "proof")),
)
"""What the side bar shows. A page that is not there is left out."""


def contract_of_page() -> dict[str, Any]:
    """Return the contract as the reference page shows it.

    The page calls sandboxes alone, so it has no server of its own. Swagger UI fills in the examples of parameters;
    of optional ones together they would find nobody, so they move into the descriptions. For a text that is JSON it
    would ask for a file.
    """
    contract: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    contract["servers"] = []
    contract["components"]["parameters"]["PersonKey"]["example"] = "1"  # which every sandbox has
    parameters = list(contract["components"]["parameters"].values())
    for item in contract["paths"].values():
        for operation in (item, *item.values()):
            if isinstance(operation, dict):
                parameters += operation.get("parameters", [])
    for parameter in parameters:
        parameter.get("schema", {}).pop("contentMediaType", None)
        if "example" in parameter and not parameter.get("required"):
            example = parameter.pop("example")
            shown = example if isinstance(example, str) else json.dumps(example)
            parameter["description"] = f"{parameter.get('description', '').rstrip()}\n\nExample: `{shown}`"
    return contract


def operations() -> str:
    """Return the operations of the contract as a table, so that the search finds them too."""
    rows = ["| operation | what it does | scope of the key |", "|---|---|---|"]
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            name = operation["operationId"]
            scopes = ", ".join(f"`{scope}`" for each in operation["security"] for scope in chain(*each.values()))
            short = path.removeprefix("/api/environments/{project_id}/")
            code = f'<code class="docutils literal">{method.upper()} {short}</code>'
            link = f'<a href="#/{operation["tags"][0]}/{name}">{code}</a>'
            rows.append(f"| {link} | {operation['summary']} (`{name}`) | {scopes or 'none named'} |")
    return "\n".join(rows)


def write_contract(app: Sphinx, failure: Exception | None) -> None:
    """Lay the contract beside the pages, as a script, which a page may also load from a file."""
    if failure is None:
        text = json.dumps(contract_of_page(), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        (Path(app.outdir) / "_static" / "contract-data.js").write_text(f"window.contract = {text};\n", encoding="utf-8")


def mend(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make what a page says in the repository fit the site."""
    text = source[0].replace("](../examples/retention)", "](example.md)")
    if docname == "evidence":
        # Our own marks and the page's words stand for themselves.
        text = re.sub(r"(?<=[|/ ])<(?=[a-z_])", "&lt;", text)
    if docname == "contract":
        text = text.replace("<!-- operations -->", operations())
    if docname == "index":
        there = {Path(found).as_posix() for found in app.env.found_docs}
        for caption, names in NAV:
            pages = "\n".join(name for name in names if name in there)
            text += f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"
    source[0] = text


def plain(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Let `phx_…` in a docstring be text and no link, and what stands before a colon in that of a property no type."""
    if what in {"property", "attribute"}:
        lines.insert(0, "")
    lines[:] = [re.sub(r"(?<=\w)_(?=[^\w`]|$)(?=(?:[^`]*`[^`]*`)*[^`]*$)", r"\\_", line) for line in lines]


def words(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a dash between a parameter and what it means, where Sphinx puts two hyphens, and call attributes so."""
    for name in doctree.findall(nodes.field_name):
        if name.astext() == "Variables":
            name.children = [nodes.Text("Attributes")]
    for text in list(doctree.findall(nodes.Text)):
        if str(text) == " -- ":
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def setup(app: Sphinx) -> None:
    """Add what this site needs to Sphinx."""
    app.connect("autodoc-process-docstring", plain, priority=100)
    app.connect("source-read", mend)
    app.connect("doctree-resolved", words)
    app.connect("build-finished", write_contract)
