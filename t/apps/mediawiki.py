# SPDX-License-Identifier: Apache-2.0
"""A MediaWiki with short addresses in its .htaccess, and lines of ours above them."""
import json
import os
import subprocess
import urllib.parse

from web import Client, check
from wordpress import picture

HOST, ROOT = "wiki.test", "/var/www/wiki"
HTACCESS = """Redirect307 enter wiki/Special:UserLogin
Redirect307 api.old w/api.php
Redirect307 write w/index.php
Redirect307 old/ wiki/
RewriteEngine On
RewriteRule ^wiki(/.*)?$ w/index.php [L]
"""


def install():
    got = subprocess.run(
        ["php", ROOT + "/w/maintenance/install.php", "--dbtype=mysql", "--dbserver=localhost", "--dbname=wiki", "--dbuser=app",
         "--dbpass=app", "--server=http://wiki.test", "--scriptpath=/w", "--confpath=" + ROOT + "/w", "--pass=temporary-307-kim", "307", "Kim"],
        capture_output=True, text=True, check=False)
    check("MediaWiki: installed", (got.returncode, got.stderr[-300:] if got.returncode else ""), (0, ""))
    with open(ROOT + "/w/LocalSettings.php", "a", encoding="utf-8") as file:
        file.write('\n$wgArticlePath = "/wiki/$1";\n$wgEnableUploads = true;\n$wgUsePathInfo = true;\n')
    subprocess.run(["chown", "-R", "www-data:", ROOT + "/w/images"], check=True)


def log_in():
    kim = Client(HOST)
    token = json.loads(kim.get("/api.old?action=query&meta=tokens&type=login&format=json").body)["query"]["tokens"]["logintoken"]
    got = kim.post("/enter", {"wpName": "Kim", "wpPassword": "temporary-307-kim", "wploginattempt": "Log in", "wpLoginToken": token,
                              "wpEditToken": "+\\", "title": "Special:UserLogin", "authAction": "login", "force": ""})
    check("MediaWiki: a login sent to the other name arrives", got.hops[:1], ["307 POST /enter"])
    who = json.loads(kim.get("/api.old?action=query&meta=userinfo&format=json").body)["query"]["userinfo"]
    check("MediaWiki: and is one", who.get("name"), "Kim")
    return kim


def edit(kim):
    token = json.loads(kim.get("/api.old?action=query&meta=tokens&format=json").body)["query"]["tokens"]["csrftoken"]
    words = "Grüße through a 307 & back, 100 %"
    got = kim.post("/api.old", {"action": "edit", "title": "Other/Näme", "text": words, "token": token, "format": "json"})
    check("MediaWiki: an edit by the API", (got.hops, '"result":"Success"' in got.text), (["307 POST /api.old", "200 POST /w/api.php"], True))
    got = Client(HOST).get("/old/Other/N%C3%A4me")
    check("MediaWiki: the page by its old address", (got.hops[0], got.hops[-1], "Grüße through a 307" in got.text),
          ("307 GET /old/Other/N%C3%A4me", "200 GET /wiki/Other/N%C3%A4me", True))
    page = kim.get("/write?title=Form&action=edit")
    check("MediaWiki: the form of an edit", (page.hops[0], page.status), ("307 GET /write", 200))
    got = kim.post("/write?title=Form&action=submit", {
        "wpTextbox1": words, "wpEditToken": token, "wpSave": "Save", "wpUnicodeCheck": "ℳ𝒲♥𝓊𝓃𝒾𝒸ℴ𝒹ℯ", "wpUltimateParam": "1",
        "wpStarttime": "20300101000000", "wpEdittime": "", "format": "text/x-wiki", "model": "wikitext"})
    check("MediaWiki: the form sent to the other name", got.hops[0], "307 POST /write")
    got = Client(HOST).get("/w/index.php?title=Form&action=raw")
    check("MediaWiki: what was written", got.text, words)


def upload(kim):
    token = json.loads(kim.get("/api.old?action=query&meta=tokens&format=json").body)["query"]["tokens"]["csrftoken"]
    sent = picture(500)
    got = kim.post("/api.old", {"action": "upload", "filename": "Grey.png", "token": token, "format": "json", "ignorewarnings": "1"},
                   files={"file": ("Grey.png", "image/png", sent)})
    check("MediaWiki: an upload of %d KiB" % (len(sent) // 1024), (got.hops, '"result":"Success"' in got.text),
          (["307 POST /api.old", "200 POST /w/api.php"], True))
    found = json.loads(kim.get("/api.old?action=query&titles=File:Grey.png&prop=imageinfo&iiprop=url&format=json").body)
    pages = found["query"]["pages"]
    url = next(iter(pages.values())).get("imageinfo", [{}])[0].get("url", "http://wiki.test/")
    check("MediaWiki: the same bytes come back", Client(HOST).get(urllib.parse.urlsplit(url).path).body == sent, True)


def run():
    with open(ROOT + "/.htaccess", "w", encoding="utf-8") as file:
        file.write(HTACCESS)
    install()
    kim = log_in()
    edit(kim)
    upload(kim)
    got = Client(HOST).get("/wiki/Nothing_of_that_name")
    check("MediaWiki: its own 404", (got.status, got.hops[0][:3]), (404, "404"))
    got = Client(HOST).get("/nowhere")
    check("MediaWiki: httpd's 404", got.status, 404)
    os.remove(ROOT + "/.htaccess")
