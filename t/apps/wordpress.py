# SPDX-License-Identifier: Apache-2.0
"""A WordPress whose .htaccess has lines of ours: each thing that people do there, through a 307."""
import json
import os
import re
import struct
import urllib.parse
import zlib

from web import Client, check

HOST, ROOT = "wp.test", "/var/www/wp"
HTACCESS = ROOT + "/.htaccess"
OURS = """Redirect307 entrance wp-login.php
Redirect307 say wp-comments-post.php
Redirect307 old-api/ wp-json/ name=api
Redirect307 upload-here wp-admin/async-upload.php
Redirect307 2019/ hello-world/
"""
# as a host's panel writes it
HTTPS = """RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-Proto} =http
RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
"""
MAINTENANCE = "Redirect307Maintenance down/ flag=down.on eta=2h allow-link=staff=let-the-staff-in-307\n"


def picture(side):
    """A PNG that does not compress: side * side random grey pixels."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + os.urandom(side) for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


def install():
    got = Client(HOST).post("/wp-admin/install.php?step=2", {
        "weblog_title": "307", "user_name": "kim", "admin_password": "temporary-307-kim", "admin_password2": "temporary-307-kim",
        "pw_weak": "1", "admin_email": "kim@wp.test", "blog_public": "1", "language": ""})
    check("WordPress: installed", (got.status, "Success" in got.text or "wp-login.php" in got.text), (200, True))


def log_in():
    staff = Client(HOST)
    got = staff.get("/entrance")
    check("WordPress: the login page by its other name", got.hops, ["307 GET /entrance", "200 GET /wp-login.php"])
    got = staff.post("/entrance", {"log": "kim", "pwd": "temporary-307-kim", "wp-submit": "Log In", "testcookie": "1",
                                   "redirect_to": "http://wp.test/wp-admin/"})
    check("WordPress: a login sent to the other name arrives", got.hops[:2], ["307 POST /entrance", "302 POST /wp-login.php"])
    check("WordPress: and is one", (got.status, "wp-admin-bar-my-account" in got.text), (200, True))
    return staff


def comment():
    got = Client(HOST).post("/say", {"comment": "through a 307", "author": "Lou", "email": "lou@example.org",
                                     "comment_post_ID": "1", "comment_parent": "0"})
    check("WordPress: a comment sent to the other name arrives", got.hops[:2], ["307 POST /say", "302 POST /wp-comments-post.php"])
    check("WordPress: and waits to be approved", "through a 307" in got.text, True)


def permalinks(staff):
    page = staff.get("/wp-admin/options-permalink.php")
    nonce = re.search(r'name="_wpnonce" value="([0-9a-f]+)"', page.text)
    got = staff.post("/wp-admin/options-permalink.php", {
        "_wpnonce": nonce.group(1) if nonce else "", "_wp_http_referer": "/wp-admin/options-permalink.php",
        "selection": "/%postname%/", "permalink_structure": "/%postname%/", "submit": "Save"})
    check("WordPress: permalinks are saved", got.status, 200)
    with open(HTACCESS, encoding="utf-8") as file:
        text = file.read()
    check("WordPress: into the same .htaccess", "# BEGIN WordPress" in text and "RewriteRule . /index.php" in text, True)
    check("WordPress: where our lines still stand", OURS in text, True)
    got = Client(HOST).get("/hello-world/")
    check("WordPress: a page by its permalink", (got.status, "Welcome to WordPress" in got.text), (200, True))
    got = Client(HOST).get("/2019/")
    check("WordPress: an old address of it", got.hops, ["307 GET /2019/", "200 GET /hello-world/"])
    got = Client(HOST).get("/nothing-of-that-name/")
    check("WordPress: its own 404", (got.status, got.hops[0][:3], "error404" in got.text), (404, "404", True))


def api(staff):
    nonce = staff.get("/wp-admin/admin-ajax.php?action=rest-nonce").text
    key = {"X-WP-Nonce": nonce}
    sent = picture(600)
    got = staff.ask("POST", "/old-api/wp/v2/media", sent, {**key, "Content-Type": "image/png",
                                                          "Content-Disposition": 'attachment; filename="grey.png"'})
    check("WordPress: %d KiB by the REST API" % (len(sent) // 1024), got.hops,
          ["307 POST /old-api/wp/v2/media", "201 POST /wp-json/wp/v2/media"])
    made = json.loads(got.body) if got.status == 201 else {"id": 0, "source_url": "http://wp.test/"}
    back = Client(HOST).get(urllib.parse.urlsplit(made["source_url"]).path)
    check("WordPress: the same bytes come back", back.body == sent, True)
    got = staff.ask("PUT", "/old-api/wp/v2/posts/1", b'{"title":"Changed by PUT"}', {**key, "Content-Type": "application/json"})
    check("WordPress: PUT", (got.hops, "Changed by PUT" in got.text),
          (["307 PUT /old-api/wp/v2/posts/1", "200 PUT /wp-json/wp/v2/posts/1"], True))
    got = staff.ask("DELETE", "/old-api/wp/v2/media/%d?force=true" % made["id"], None, key)
    check("WordPress: DELETE, with its query", (got.status, '"deleted":true' in got.text), (200, True))
    got = Client(HOST).ask("POST", "/old-api/wp/v2/posts", b'{"title":"no"}', {"Content-Type": "application/json"})
    check("WordPress: who is nobody is told so by WordPress", got.hops,
          ["307 POST /old-api/wp/v2/posts", "401 POST /wp-json/wp/v2/posts"])


def upload(staff):
    page = staff.get("/wp-admin/media-new.php").text
    nonce = re.search(r'name="_wpnonce" value="([0-9a-f]+)"', page) or re.search(r'"_wpnonce":"([0-9a-f]+)"', page)
    sent = picture(300)
    got = staff.post("/upload-here", {"action": "upload-attachment", "name": "form.png",
                                      "_wpnonce": nonce.group(1) if nonce else ""},
                     files={"async-upload": ("form.png", "image/png", sent)})
    check("WordPress: an upload by a form", (got.hops, '"success":true' in got.text),
          (["307 POST /upload-here", "200 POST /wp-admin/async-upload.php"], True))
    where = re.search(r'"url":"http:\\/\\/wp\.test([^"]+\.png)"', got.text)
    back = Client(HOST).get(where.group(1).replace("\\/", "/")) if where else got
    check("WordPress: the same bytes come back", back.body == sent, True)


NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Upgrade-Insecure-Requests": "1", "X-Forwarded-Proto": "https"}
# who, its headers, method, path, body; status while it is on, and while it is off
VISITORS = (
    ("a person opens a page", NAVIGATES, "GET", "/hello-world/", None, 307, 200),
    ("the same by http", {**NAVIGATES, "X-Forwarded-Proto": "http"}, "GET", "/hello-world/", None, 307, 301),
    ("a picture of an open page", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, "GET", "/wp-includes/images/w-logo-blue.png", None, 503, 200),
    ("a form is sent", NAVIGATES, "POST", "/say", b"comment=x", 503, 307),
    ("a robot", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "GET", "/hello-world/", None, 503, 200),
    ("a robot asks robots.txt", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "GET", "/robots.txt", None, 200, 200),
    ("a robot asks the sitemap", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "GET", "/wp-sitemap.xml", None, 200, 200),
    ("a program asks the API", {"Accept": "application/json"}, "GET", "/wp-json/wp/v2/posts", None, 503, 200),
    ("a program writes by the API", {"Content-Type": "application/json"}, "PUT", "/wp-json/wp/v2/posts/1", b"{}", 503, 401),
    ("WordPress's own clock", {}, "POST", "/wp-cron.php?doing_wp_cron", b"", 503, 200),
    ("a certificate is renewed", {}, "GET", "/.well-known/acme-challenge/token", None, 404, 404),
)


def maintenance(staff):
    with open(HTACCESS, encoding="utf-8") as file:
        before = file.read()
    with open(HTACCESS, "w", encoding="utf-8") as file:
        file.write(MAINTENANCE + HTTPS + before)
    os.makedirs(ROOT + "/down", exist_ok=True)
    with open(ROOT + "/down/index.html", "w", encoding="utf-8") as file:
        file.write("<!DOCTYPE html><title>Back soon</title><p>Back soon.</p>")
    print("# %-28s %-6s %-38s %s" % ("who", "", "", "on / off"))
    table(False)
    flag = ROOT + "/down.on"
    with open(flag, "w", encoding="utf-8"):
        pass
    wait_for(503)
    table(True)
    inside = Client(HOST, {"X-Forwarded-Proto": "https"})
    inside.cookies.update(staff.cookies)
    got = inside.get("/hello-world/?staff=let-the-staff-in-307")
    check("maintenance on: who has the link is let in", (got.status, "Changed by PUT" in got.text), (200, True))
    got = inside.get("/wp-admin/")
    check("maintenance on: and works there", (got.status, "wp-admin-bar-my-account" in got.text), (200, True))
    got = Client(HOST, NAVIGATES).get("/hello-world/")
    check("maintenance on: a person sees the page", (got.status, got.hops[0], "Back soon" in got.text, bool(got.headers["Retry-After"])),
          (503, "307 GET /hello-world/", True, True))
    os.remove(flag)
    wait_for(200)
    table(False)
    with open(HTACCESS, "w", encoding="utf-8") as file:
        file.write(before)


def wait_for(status):
    """Each process looks at the flag once a second: ask until all that answer have seen it."""
    right = 0
    for _ in range(2000):
        right = right + 1 if Client(HOST).get("/wp-json/", follow=False).status == status else 0
        if right == 40:
            return


def table(is_on):
    for who, headers, method, path, body, on, off in VISITORS:
        got = Client(HOST, headers).ask(method, path, body, follow=False)
        print("# %-28s %-6s %-38s %s%s" % (who, method, path, got.status, " -> " + got.headers["Location"] if got.headers["Location"] else ""))
        check("maintenance %s: %s" % ("on" if is_on else "off", who), got.status, on if is_on else off)


def run(again):
    """All of it; `again` is a second time, for another handler of PHP, with the same database."""
    with open(HTACCESS, "w", encoding="utf-8") as file:
        file.write(OURS)
    os.chmod(HTACCESS, 0o666)
    if not again:
        install()
    staff = log_in()
    comment() if not again else None
    permalinks(staff)
    api(staff)
    upload(staff)
    maintenance(staff)
