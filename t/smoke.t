# SPDX-License-Identifier: Apache-2.0
# The server of this run is the one meant: our module, the MPM asked for, a page, a log.
use strict;
use warnings FATAL => 'all';
use R307;

plan tests => 6;

ok(have_module('redirect307'), 'the module is loaded');
is(Apache::Test::config()->{server}{mpm}, $ENV{R307_MPM}, 'the MPM is the one asked for');
passes('/smoke/', 200);
like(raw("GET /smoke/ HTTP/1.0\r\n\r\n"), qr{^HTTP/1\.1 200 }, 'a raw request is answered');
redirects_to('/smoke-stock', 'http://stock.example/', 302);
answer('/smoke-missing');
logged(qr{smoke-missing}, 'the error log of this run is read');
