# SPDX-License-Identifier: Apache-2.0
"""The rules that every server is given, and the requests that hit them. All numbers have the
same width, so that a larger set differs from a smaller one in nothing but its size."""

PAGE = "/page.html"                     # no rule matches it; it is one byte long
KINDS = ("literal", "regex", "behind", "bare")


def literal(n):
    return "/shop/c%02d/item-%07d.html" % (n % 97, n)


def literal_to(n):
    return "/new/item-%07d" % n


def literal_as_regex(n):
    return "^" + literal(n).replace(".", "\\.") + "$"


def letters(n):
    """A regex without any literal but a slash: ten classes spell n in binary."""
    return "^/" + "".join("[n-z]" if n >> bit & 1 else "[a-m]" for bit in range(10)) + "/([0-9]+)$"


def request(kind, n):
    """A path that rule n, and no other, matches."""
    if kind == "literal":
        return literal(n)
    if kind == "regex":
        return "/blog-%07d/17/page.html" % n
    if kind == "behind":
        return "/17/blog-%07d/page.html" % n
    return "/" + "".join("q" if n >> bit & 1 else "c" for bit in range(10)) + "/17"


def pairs(kind, n, group="$%d"):
    """Regex and target of rules 0 to n - 1, for servers that know nothing but regexes. The literal
    part of a regex is in front of its first capture, or behind it."""
    one, two = group % 1, group % 2
    for i in range(n):
        if kind == "literal":
            yield literal_as_regex(i), literal_to(i)
        elif kind == "regex":
            yield "^/blog-%07d/([0-9]+)/(.*)$" % i, "/news-%07d/%s/%s" % (i, one, two)
        elif kind == "behind":
            yield "^/([0-9]+)/blog-%07d/(.*)$" % i, "/news-%07d/%s/%s" % (i, one, two)
        else:
            yield letters(i), "/letters-%07d/%s" % (i, one)
