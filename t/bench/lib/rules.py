# SPDX-License-Identifier: Apache-2.0
"""The rules that every server is given, and the requests that hit them. All numbers have the
same width, so that a larger set differs from a smaller one in nothing but its size."""

PAGE = "/page.html"                     # no rule matches it; it is one byte long
KINDS = ("literal", "regex", "bare")


def literal(n):
    return "/shop/c%02d/item-%07d.html" % (n % 97, n)


def literal_to(n):
    return "/new/item-%07d" % n


def literal_as_regex(n):
    return "^" + literal(n).replace(".", "\\.") + "$"


def regex(n):
    """A regex with a literal part of its own."""
    return "^/blog-%07d/([0-9]+)/(.*)$" % n


def regex_to(n, group="$%d"):
    return "/news-%07d/%s/%s" % (n, group % 1, group % 2)


def bare(n):
    """A regex without any literal but a slash: ten classes spell n in binary."""
    return "^/" + "".join("[n-z]" if n >> bit & 1 else "[a-m]" for bit in range(10)) + "/([0-9]+)$"


def bare_to(n, group="$%d"):
    return "/letters-%07d/%s" % (n, group % 1)


def request(kind, n):
    """A path that rule n, and no other, matches."""
    if kind == "literal":
        return literal(n)
    if kind == "regex":
        return "/blog-%07d/17/page.html" % n
    return "/" + "".join("q" if n >> bit & 1 else "c" for bit in range(10)) + "/17"


def pairs(kind, n, group="$%d"):
    """Regex and target of rules 0 to n - 1, for servers that know nothing but regexes."""
    for i in range(n):
        if kind == "literal":
            yield literal_as_regex(i), literal_to(i)
        elif kind == "regex":
            yield regex(i), regex_to(i, group)
        else:
            yield bare(i), bare_to(i, group)
