"""Parsing: lxml with XPath and XSLT, BeautifulSoup over html.parser and lxml."""

from bs4 import BeautifulSoup
from load import until_end
from lxml import etree, html

SHEET = etree.XSLT(
    etree.XML(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="/"><out><xsl:value-of select="count(//li)"/></out></xsl:template></xsl:stylesheet>'
    )
)


def page(number):
    rows = "".join(f'<li class="c{i % 7}"><a href="/item/{number}/{i}">item {i}</a> &amp; more' for i in range(30))
    return f"<html><body><h1>page {number}</h1><ul>{rows}</ul><p>open <b>end</body></html>"


for number in until_end():
    text = page(number)
    tree = html.fromstring(text)
    assert len(tree.xpath("//a/@href")) == 30
    SHEET(tree)
    etree.tostring(tree, pretty_print=True)
    soup = BeautifulSoup(text, "lxml" if number % 2 else "html.parser")
    assert len(soup.select("li.c3 a")) > 3
