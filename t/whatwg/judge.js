// SPDX-License-Identifier: Apache-2.0
//
// Reads what emit prints and asks a browser's URL parser (WHATWG URL) where each Location
// leads: to an origin somebody wrote down, or it is an escape.
//
//   emit ... | node judge.js                 judges with node's URL
//   emit ... | node judge.js --page N        prints a page that judges every N-th line in the
//                                            browser that opens it, and says so in its text
//
// A line with "any" is another server's (t/bench/payloads.sh): only where it leads is judged.
'use strict';

// A name as the browser writes it: IPv6 has many spellings. A dot at its end is another origin,
// so nothing is sent with one, whoever wrote it.
function spelt(scheme, name) {
    try {
        return new URL(scheme + '://' + name + '/').hostname.replace(/\.$/, '');
    } catch (error) {
        return null;
    }
}

// A host of ASCII whose xn-- label no table of IDNA takes is a host name by RFC 1123 and no URL
// to a browser: it leads nowhere at all.
function isNowhere(location, base) {
    const host = /^(?:https?:\/\/)([a-z0-9._-]+)/i.exec(location[0] === '/' ? base : location);
    return host !== null && /(?:^|\.)xn--/i.test(host[1]);
}

// One line; '' when it is fine, 'nowhere', else why not.
function judge(line) {
    let there;
    if (!line.any && !/^[\x21-\x7e]+$/.test(line.l)) return 'a byte that must not leave';
    try {
        there = new URL(line.l, line.b);
    } catch (error) {
        return line.any || isNowhere(line.l, line.b) ? 'nowhere' : 'no URL';
    }
    if (there.protocol !== 'http:' && there.protocol !== 'https:') return there.protocol;
    if (there.username || there.password) return 'a user name';
    const port = there.port ? +there.port : there.protocol === 'https:' ? 443 : 80;
    // a path stays where the browser is, dot or not
    const host = line.l[0] === '/' ? there.hostname.replace(/\.$/, '') : there.hostname;
    for (let i = 0; i < line.o.length; i += 3) {
        const scheme = line.o[i], name = line.o[i + 1], its = line.o[i + 2];
        if (there.protocol !== scheme + ':' || port !== its) continue;
        if (name.startsWith('*.')) {
            if (host.endsWith(name.slice(1)) && host.length > name.length - 1) return '';
        }
        else if (spelt(scheme, name) === host) return '';
    }
    return there.origin;
}

function judgeAll(lines) {
    let escapes = 0, nowhere = 0;
    const shown = [];
    for (const line of lines) {
        const why = judge(line);
        if (why === 'nowhere') nowhere++;
        if (why === '' || why === 'nowhere') continue;
        escapes++;
        if (shown.length < 20) shown.push('ESCAPE ' + why + ' ' + JSON.stringify(line));
    }
    return { escapes, nowhere, shown };
}

function printPage(lines) {
    const text = JSON.stringify(lines).replace(/</g, '\\u003c');
    console.log('<!DOCTYPE html><html><head><meta charset="utf-8"><title>judge</title></head><body><pre id="said">'
        + 'nothing</pre><script>' + spelt + isNowhere + judge + judgeAll + 'const lines = ' + text + ';'
        + 'const result = judgeAll(lines);'
        + 'document.getElementById("said").textContent = result.shown.join("\\n") + "\\njudged " + lines.length + ", "'
        + ' + result.nowhere + " lead nowhere, " + result.escapes + " escapes";</script></body></html>');
}

function readLines(take) {
    const input = require('readline').createInterface({ input: process.stdin });
    input.on('line', take);
    return new Promise(done => input.on('close', done));
}

async function main() {
    const nth = process.argv[2] === '--page' ? +process.argv[3] : 0;
    const kept = [], shown = [];
    let count = 0, escapes = 0, nowhere = 0;
    await readLines(text => {
        count++;
        if (nth) {
            if (count % nth === 0) kept.push(JSON.parse(text));
            return;
        }
        const result = judgeAll([JSON.parse(text)]);
        escapes += result.escapes;
        nowhere += result.nowhere;
        if (shown.length < 20) shown.push(...result.shown);
    });
    if (nth) {
        printPage(kept);
        return;
    }
    for (const line of shown) console.log(line);
    console.log('judged ' + count + ', ' + nowhere + ' lead nowhere, ' + escapes + ' escapes');
    process.exitCode = escapes || !count ? 1 : 0;
}

main();
