# SPDX-License-Identifier: Apache-2.0
"""Python's http.client, told to follow 307 and 308, and urllib as it is: makes the requests
of a JSON file, and says for each its id, the last status, or what went wrong."""
import http.client
import json
import sys
import urllib.error
import urllib.request
from urllib.parse import urljoin, urlsplit


def ask(one, url):
    to = urlsplit(url)
    connection = http.client.HTTPConnection(to.hostname, to.port, timeout=120)
    headers = {'Content-Type': one['type'], 'Content-Length': str(one['size'])}
    headers.update(one.get('headers', {}))
    path = to.path + ('?' + to.query if to.query else '')
    with open(one['file'], 'rb') as body:
        try:
            connection.request(one['method'], path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            pass        # the answer may be there all the same
        response = connection.getresponse()
        response.read()
    location = response.getheader('Location')
    connection.close()
    return response.status, location


def follow(one):
    url = one['url']
    for _ in range(5):
        status, location = ask(one, url)
        if status not in (307, 308):
            return str(status)
        url = urljoin(url, location)
    return 'too many'


def as_it_is(one):
    with open(one['file'], 'rb') as body:
        data = body.read() if one.get('size') else None
    request = urllib.request.Request(one['url'], data=data, method=one['method'],
                                     headers={'Content-Type': one['type']})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        return 'HTTPError %d' % error.code


with open(sys.argv[1], encoding='utf-8') as work:
    for case in json.load(work):
        try:
            told = as_it_is(case) if case.get('kind') == 'urllib' else follow(case)
        except OSError as error:
            told = repr(error)
        print(case['id'], told, sep='\t', flush=True)
