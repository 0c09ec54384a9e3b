"""The site: ``make docs`` builds it into docs/_build; its pages load nothing from the network."""

from autograder import __version__

project = "torch-autograder"
release = __version__
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3  # links such as architecture.md#suites

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "torch-autograder"
html_copy_source = False
html_show_sphinx = False
