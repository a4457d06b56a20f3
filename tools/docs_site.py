"""Hooks of the documentation site (mkdocs.yml): files of the checkout that pages link to, but that lie outside docs/, become pages as well.

On a forge such links lead to the file. On the site they lead to a page below project/: Markdown as it is, any other file as a listing, of a folder its
README. So the site is whole by itself, and a link to a file that is not there fails the build like any other.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)\s]*)?\))")
LANGUAGES = {".py": "python", ".c": "c", ".cc": "cpp", ".h": "cpp", ".sh": "bash", ".json": "json", ".txt": "text"}
LARGEST = 200_000  # bytes of a listing


def source_of(page):
    """Where a page of the site comes from, from the top of the checkout."""
    if not page.startswith("project/"):
        return f"docs/{page}"
    path = page.removeprefix("project/")
    return path if (ROOT / path).is_file() else path.removesuffix(".md")


def page_of(path):
    """The page of the site for a file of the checkout; None if there is no such file."""
    if (ROOT / path).is_dir():
        path = posixpath.join(path, "README.md")
    if not (ROOT / path).is_file():
        return None
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"project/{path}" if path.endswith(".md") else f"project/{path}.md"


def targets(text, source):
    """The files of the checkout to which a text links, by its own path."""
    return [posixpath.normpath(posixpath.join(posixpath.dirname(source), link[2])) for link in LINK.finditer(text)]


def content_of(path):
    text = (ROOT / path).read_text(encoding="utf-8")[:LARGEST]
    if path.endswith(".md"):
        return text
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"# {path}\n\n{fence}{LANGUAGES.get(Path(path).suffix, 'text')}\n{text}\n{fence}\n"


def on_files(files, config):
    """Adds the pages of all that can be reached by links and lies outside docs/."""
    todo = [page.src_uri for page in files.documentation_pages()]
    while todo:
        page = todo.pop()
        source = source_of(page)
        if not source.endswith(".md"):
            continue
        for path in targets((ROOT / source).read_text(encoding="utf-8"), source):
            linked = page_of(path)
            if linked is None or not linked.startswith("project/") or files.get_file_from_path(linked):
                continue
            files.append(File.generated(config, linked, content=content_of(source_of(linked))))
            todo.append(linked)
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links into links between pages of the site. What leads nowhere stays as it is: mkdocs tells."""
    here = page.file.src_uri
    source = source_of(here)
    if not source.endswith(".md"):
        return markdown

    def turned(match):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        linked = page_of(path)
        if linked is None or files.get_file_from_path(linked) is None:
            return match[0]
        return match[1] + posixpath.relpath(linked, posixpath.dirname(here) or ".") + match[3]

    return LINK.sub(turned, markdown)
