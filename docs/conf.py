"""How the documentation is built. Pages run their code; a warning fails the build."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from importlib.util import find_spec
from typing import Final

project: Final = "evergreen"
author: Final = "evergreen developers"
project_copyright: Final = "evergreen developers"
release: Final = metadata.version("evergreen-clv")
version: Final = release

extensions: Final = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
]
exclude_patterns: Final = ["_build", "jupyter_execute", "reference/generated/.*"]
templates_path: Final = ["_templates"]
# Types and code in docstrings keep the quotes they were written with.
smartquotes: Final = False

# Pages: MyST markdown, run afresh at every build.
myst_enable_extensions: Final = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors: Final = 3
nb_execution_mode: Final = "force"
nb_execution_raise_on_error: Final = True
nb_execution_timeout: Final = 300
# A page stands unexecuted where what it needs is not there: data that cannot be shipped, an engine, a Java machine.
_runs: Final = {
    "how_to/online_retail.md": bool(os.environ.get("EVERGREEN_DATA")),
    "how_to/spark.md": bool(find_spec("pyspark") and shutil.which("java")),
    "how_to/warehouses.md": bool(find_spec("ibis")),
}
nb_execution_excludepatterns: Final = [page for page, there in _runs.items() if not there]
nb_execution_show_tb: Final = True
nb_merge_streams: Final = True

# Reference: one page for each public name, from its numpydoc docstring.
autosummary_generate: Final = True
autosummary_imported_members: Final = True
# `split` and `Split` are one file name where case does not count
autosummary_filename_map: Final = {"evergreen.split": "evergreen.split-function"}
autodoc_typehints: Final = "none"
autodoc_member_order: Final = "bysource"
toc_object_entries_show_parents: Final = "hide"
numpydoc_show_class_members: Final = False
numpydoc_xref_param_type: Final = False

bibtex_bibfiles: Final = ["references.bib"]
bibtex_default_style: Final = "plain"
bibtex_reference_style: Final = "author_year"

# `>>>` stays behind when an example is copied.
copybutton_prompt_text: Final = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp: Final = True

html_theme: Final = "pydata_sphinx_theme"
html_title: Final = "evergreen"
html_static_path: Final = ["_static"]
html_css_files: Final = ["evergreen.css"]
html_favicon: Final = "_static/logo.svg"
html_show_sourcelink: Final = False
html_copy_source: Final = False
html_sidebars: Final[dict[str, list[str]]] = {"index": [], "changelog": [], "contributing": []}
html_theme_options: Final = {
    "logo": {"image_light": "_static/logo.svg", "image_dark": "_static/logo.svg", "text": "evergreen"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "show_toc_level": 2,
    "pygments_light_style": "friendly",
    "pygments_dark_style": "github-dark",
}
