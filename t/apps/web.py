# SPDX-License-Identifier: Apache-2.0
"""What t/apps/inside.py asks with: a client that keeps cookies and follows a redirect as RFC 9110
has it (a 307 with the same method and body), and the count of what was looked at."""
import http.client
import http.cookies
import os
import sys
import urllib.parse

passed, failed = [], []


def check(what, seen, wanted):
    """One line about one promise. `wanted` is a value, or a function that says yes or no."""
    good = wanted(seen) if callable(wanted) else seen == wanted
    (passed if good else failed).append(what)
    print("%s - %s%s" % ("ok" if good else "not ok", what, "" if good else ": %r" % (seen,)), flush=True)
    return good


def finish():
    print("%d passed, %d failed" % (len(passed), len(failed)))
    sys.exit(1 if failed or not passed else 0)


class Answer:
    """The last answer of a chain: status, headers, body, url, and each hop as "STATUS METHOD PATH"."""

    def __init__(self, status, headers, body, url, hops):
        self.status, self.headers, self.body, self.url, self.hops = status, headers, body, url, hops

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Client:
    """One visitor of one site: `host` is the name it asks for, the server is this machine's."""

    def __init__(self, host, headers=None):
        self.host, self.cookies, self.headers = host, {}, headers or {}

    def _once(self, method, url, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=60)
        sent = {"Host": self.host, **self.headers, **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % item for item in self.cookies.items())
        try:
            connection.request(method, url, body, sent)
            got = connection.getresponse()
            return got.status, got.headers, got.read()
        finally:
            connection.close()

    def _keep_cookies(self, headers):
        for line in headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                if morsel["max-age"] == "0" or morsel.value == "deleted":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value

    def ask(self, method, url, body=None, headers=None, follow=True):
        headers, hops = dict(headers or {}), []
        for _ in range(10):
            status, got, content = self._once(method, url, body, headers)
            self._keep_cookies(got)
            hops.append("%d %s %s" % (status, method, urllib.parse.urlsplit(url).path))
            if not follow or status not in (301, 302, 303, 307, 308) or "Location" not in got:
                return Answer(status, got, content, url, hops)
            if status == 303 or (status in (301, 302) and method == "POST"):
                method, body = "GET", None
                headers.pop("Content-Type", None)
            place = urllib.parse.urlsplit(urllib.parse.urljoin("http://%s%s" % (self.host, url), got["Location"]))
            if place.hostname != self.host.split(":")[0]:
                return Answer(status, got, content, url, hops)
            url = (place.path or "/") + ("?" + place.query if place.query else "")
        raise RuntimeError("ten hops: %s" % hops)

    def get(self, url, **more):
        return self.ask("GET", url, **more)

    def post(self, url, fields, files=None, **more):
        """A form as a browser sends it: urlencoded, or multipart where there are files
        ({field: (file name, type, bytes)})."""
        body, kind = urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        if files:
            body, kind = multipart(fields, files)
        headers = {"Content-Type": kind, **more.pop("headers", {})}
        return self.ask("POST", url, body, headers, **more)


def multipart(fields, files):
    line = "----" + os.urandom(12).hex()
    parts = [b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
             % (line.encode(), name.encode(), str(value).encode()) for name, value in fields.items()]
    for name, (file_name, kind, content) in files.items():
        parts.append(b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n'
                     % (line.encode(), name.encode(), file_name.encode(), kind.encode(), content))
    return b"".join(parts) + b"--%s--\r\n" % line.encode(), "multipart/form-data; boundary=" + line
