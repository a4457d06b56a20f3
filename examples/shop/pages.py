"""HTML pages, rendered from templates/ and kept, so that going back to a page costs nothing."""
import html
import pathlib
import string

FOLDER = pathlib.Path(__file__).resolve().parent / "templates"
PAGE = string.Template((FOLDER / "page.html").read_text(encoding="utf-8"))
ROW = string.Template((FOLDER / "row.html").read_text(encoding="utf-8"))
PRODUCT = string.Template((FOLDER / "product.html").read_text(encoding="utf-8"))

PAGES = {}


def cached_page(session, path, make):
    """The page at `path` as this visitor sees it. The key has the session in it, so the cache never stops growing."""
    key = session.token, path
    page = PAGES.get(key)
    if page is None:
        page = PAGES[key] = make().encode("utf-8")  # leak: page cache
    return page


def product_list(title, products, session):
    rows = [ROW.substitute(id=one.id, name=html.escape(one.name), price=f"{one.cents / 100:.2f}") for one in products]
    return PAGE.substitute(title=html.escape(title), theme=session.preferences["theme"], body="\n".join(rows))


def product_page(product, session, thumbnail_bytes):
    body = PRODUCT.substitute(
        id=product.id,
        name=html.escape(product.name),
        text=html.escape(product.text),
        price=f"{product.cents / 100:.2f}",
        thumbnail=thumbnail_bytes,
    )
    return PAGE.substitute(title=html.escape(product.name), theme=session.preferences["theme"], body=body)
