"""Jinja2: a template that inherits and loops, rendered over and over; some templates are compiled anew."""

from jinja2 import DictLoader, Environment
from load import until_end

SOURCES = {
    "base.html": "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
    "page.html": "{% extends 'base.html' %}{% block title %}{{ title|upper }}{% endblock %}"
    "{% block body %}{% for row in rows %}{{ loop.index }}: {{ row.name|e }} {{ '%.2f'|format(row.price) }}\n"
    "{% else %}nothing{% endfor %}{% endblock %}",
}
environment = Environment(loader=DictLoader(SOURCES), cache_size=50)
for number in until_end():
    rows = [{"name": f"<item {i}>", "price": i * 1.5} for i in range(number % 60)]
    environment.get_template("page.html").render(title=f"page {number}", rows=rows)
    if number % 10 == 0:
        environment.from_string(f"{{% for i in range({number % 7}) %}}{{{{ i }}}} of {number}{{% endfor %}}").render()
