# SPDX-License-Identifier: Apache-2.0
"""A phpMyAdmin whose folder moved: everything it does is a POST with a token."""
import html
import re

from web import Client, check

HOST, ROOT = "pma.test", "/var/www/pma"
HTACCESS = "Redirect307 admin/ tool/\n"


def token(page):
    found = re.search(r'name="token" value="([^"]+)"', page.text) or re.search(r'token:"([^"]+)"', page.text)
    return html.unescape(found.group(1)) if found else ""


def run():
    with open(ROOT + "/.htaccess", "w", encoding="utf-8") as file:
        file.write(HTACCESS)
    kim = Client(HOST)
    page = kim.get("/admin/")
    check("phpMyAdmin: its page by the old name", page.hops, ["307 GET /admin/", "200 GET /tool/"])
    session = re.search(r'name="set_session" value="([^"]+)"', page.text)
    got = kim.post("/admin/index.php?route=/", {"pma_username": "app", "pma_password": "app", "server": "1", "target": "index.php",
                                               "token": token(page), "set_session": session.group(1) if session else ""})
    check("phpMyAdmin: a login by the old name", (got.hops[0], got.status), ("307 POST /admin/index.php", 200))
    page = kim.get("/tool/index.php?route=/")
    check("phpMyAdmin: is one", "logged_in:true" in page.text.replace(" ", "") or "route=/logout" in page.text, True)
    lines = "".join("INSERT INTO moved VALUES (%d, '%s');\n" % (row, "x" * 200) for row in range(1, 1001))
    sent = ("CREATE TABLE moved (id INT PRIMARY KEY, words VARCHAR(255));\n" + lines).encode()
    got = kim.post("/admin/index.php?route=/import", {
        "token": token(page), "db": "wiki", "import_type": "database", "format": "sql", "charset_of_file": "utf-8", "ajax_request": "true",
        "noplugin": "307", "sql_compatibility": "NONE", "skip_queries": "0"}, files={"import_file": ("moved.sql", "application/sql", sent)})
    check("phpMyAdmin: a file of %d KiB is imported" % (len(sent) // 1024), (got.hops, '"success":true' in got.text),
          (["307 POST /admin/index.php", "200 POST /tool/index.php"], True))
    got = kim.post("/admin/index.php?route=/sql", {"token": token(page), "db": "wiki", "ajax_request": "true", "is_js_confirmed": "0",
                                                  "sql_query": "SELECT COUNT(*) AS of_all, SUM(id) AS of_ids FROM moved"})
    check("phpMyAdmin: all of it is there", ("1000" in got.text, "500500" in got.text), (True, True))
