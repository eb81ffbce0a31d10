"""How Sphinx builds the site: `make docs`. Nothing in it may send a reader's browser off the machine."""
# ruff: noqa: INP001, ARG001 - Sphinx runs this file, nobody imports it; it says what its hooks are given

from __future__ import annotations

import json
import re
import shutil
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
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "generated"), str(ROOT / "scripts")]

import simpler  # noqa: E402 - found by the line above

from posthog_environments.cli.spec import FORMS  # noqa: E402 - found by the line above
from posthog_environments.config.settings import VERSION  # noqa: E402 - found by the line above

project = "posthog-environments"
author = "The posthog-environments maintainers"
release = version = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_templates", "_static", "notebooks", "programs", "_parts"]
templates_path = ["_templates"]
default_role = "code"  # docstrings mark code with single backticks
smartquotes = False

myst_enable_extensions = ["attrs_block", "colon_fence"]
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
html_js_files = ["filter.js"]
html_search_scorer = str(ROOT / "docs" / "_static" / "scorer.js")
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
copybutton_selector = "div.highlight:not(.printed div) pre"  # what a program printed is not copied
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
    ("Begin with Python", ("quickstart", "example", "notebooks", "coming-from-requests")),
    ("Begin with the contract", ("contract", "typescript", "go", "java", "rust", "downloads")),
    ("People", ("paging", "exporting", "dataframes", "deleting")),
    ("Trends and the rest", ("trends", "beyond")),
    ("In production", ("errors", "what-happens-when", "faults", "limits", "one-budget", "watching")),
    ("Testing your code", ("testing", "how-true")),
    ("Pipelines", ("dlt", "spark", "fleet")),
    ("Size and speed", ("how-it-scales", "speed")),
    (
        "Servers old and new",
        (
            "what-became-of-the-page",
            "prefix",
            "when-the-api-changes",
            "versioning",
            "contract-changelog",
            "regenerating",
        ),
    ),
    ("Look it up", ("reference/index", "commands", "evidence", "known-reports", "proof")),
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


WISHES: Final = (
    ("Find people and read them", ("listPersons", "getPerson", "listPersonActivity", "getPersonPropertiesTimeline")),
    ("Correct people", ("updatePerson", "deletePersonProperty")),
    ("Delete people", ("deletePerson", "bulkDeletePersons", "listPersonDeletions")),
    ("Ask for trends", ("runQuery", "getQuery", "queryTrend", "getTrend")),
    ("Report how long an insight took", ("recordInsightTiming",)),
)
"""The operations by what one wants to do."""


def operations() -> str:
    """Return the operations of the contract as tables, by what one wants to do, so that the search finds them too."""
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    known = {
        operation["operationId"]: (method, path, operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    if set(known) != {name for _, names in WISHES for name in names}:
        raise ValueError("the groups of operations in docs/conf.py are not those of the contract")
    lines: list[str] = []
    for wish, names in WISHES:
        lines += ["", f"**{wish}**", "", "| operation | what it does | scope of the key |", "|---|---|---|"]
        for name in names:
            method, path, operation = known[name]
            scopes = ", ".join(f"`{scope}`" for each in operation["security"] for scope in chain(*each.values()))
            short = path.removeprefix("/api/environments/{project_id}/")
            code = f'<code class="docutils literal">{method.upper()} {short}</code>'
            link = f'<a href="#/{operation["tags"][0]}/{name}">{code}</a>'
            gone = ", gone from the cloud" if operation.get("x-sunset") else ""
            lines.append(f"| {link} | {operation['summary']} (`{name}`){gone} | {scopes or 'none named'} |")
    return "\n".join(lines)


BESIDE: Final = {
    "openapi-without-unions.json": "the same without unions, for generators that cannot read them",
    "people.mts": "the program of the page on TypeScript",
    "people.go": "the program of the page on Go",
    "People.java": "the program of the page on Java",
    "people.rs": "the program of the page on Rust",
    "events.jsonl": "the people of these programs, for the sandbox",
}
"""What is said of a download that is no form of the contract."""
DOWNLOADS: Final = {**FORMS, **BESIDE}


def downloads() -> dict[str, Path]:
    """Return the files that the site hands out, by the name under `downloads/`."""
    contract, programs = ROOT / "contract", ROOT / "docs" / "programs"
    events = ROOT / "tests" / "suites" / "prove" / "programs" / "events.jsonl"
    files = [ROOT / "openapi.yaml", *sorted(contract.glob("*.yaml")), events]
    found = {path.name: path for path in files}
    for folder in (contract / "forms", programs):
        found |= {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "README.md" and (path.suffix != ".txt" or path.name == "llms.txt")
        }
    return found


def write_downloads(app: Sphinx, failure: Exception | None) -> None:
    """Lay the files beside the pages."""
    if failure is None:
        place = Path(app.outdir) / "downloads"
        shutil.rmtree(place, ignore_errors=True)
        for name, path in downloads().items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / name)
        plain = json.dumps(simpler.without_unions(yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))), indent=1)
        (place / "openapi-without-unions.json").write_text(plain + "\n", encoding="utf-8")


def download_table() -> str:
    """Return a table of what can be downloaded.

    Raises:
        ValueError: There is a file that nothing is said of, or something is said of none.
    """
    if wrong := set(DOWNLOADS) ^ {*downloads(), "openapi-without-unions.json"}:
        raise ValueError(f"files and words of docs/conf.py differ by {', '.join(sorted(wrong))}")
    lines = ["| file | what it is |", "|---|---|"]
    for name, words in DOWNLOADS.items():
        link = f'<a href="downloads/{name}" download><code class="docutils literal">{name}</code></a>'
        lines.append(f"| {link} | {words} |")
    return "\n".join(lines)


def link_downloads(text: str, docname: str) -> str:
    """Let links to files that the site hands out lead there, to addresses that stay."""
    names = {path: name for name, path in downloads().items()}
    # Of some the site hands out a copy from contract/forms; pages name the file that the repository has.
    names |= {folder / name: name for name in FORMS for folder in (ROOT, ROOT / "contract")}
    names[ROOT / "docs" / "downloads" / "openapi-without-unions.json"] = "openapi-without-unions.json"
    up = "../" * docname.count("/")

    def there(found: re.Match[str]) -> str:
        shown, target = found.groups()
        name = names.get((ROOT / "docs" / docname).parent.joinpath(target).resolve())
        if name is None:
            return found[0]
        shown = re.sub("`([^`]+)`", r'<code class="docutils literal">\1</code>', shown)
        return f'<a href="{up}downloads/{name}" download>{shown}</a>'

    return re.sub(r"\[([^\[\]]+)\]\(([^()#:]+)\)", there, text)


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
    text = link_downloads(text, docname)
    if docname == "downloads":
        text = text.replace("<!-- downloads -->", download_table())
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
    if what in {"property", "attribute"} and lines:
        lines[0] = f": {lines[0]}"  # napoleon takes what stands before the first colon for the type: here nothing
    lines[:] = [re.sub(r"(?<=\w)_(?=[^\w`]|$)(?=(?:[^`]*`[^`]*`)*[^`]*$)", r"\\_", line) for line in lines]


def words(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a dash between a parameter and what it means, where Sphinx puts two hyphens, and call attributes so.

    Of a docstring's `file:///…` and `/api/users/@me/` it makes links, to a file and a mailbox: they become text again.
    """
    for link in list(doctree.findall(nodes.reference)):
        if link.get("refuri", "").startswith(("file:", "mailto:")):
            link.parent.replace(link, link.children)
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
    app.connect("build-finished", write_downloads)
