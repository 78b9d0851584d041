// SPDX-License-Identifier: Apache-2.0
//
// The shapes of t/data/body.tsv over HTTP/2: one connection for all of them, each on a
// stream of its own, the marker on another. Reads { port, rows } as JSON from the file
// named, prints "ok" or "not ok", the row and what is wrong, one line for each.
'use strict';
const fs = require('fs');
const http2 = require('http2');

const work = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const evil = 'GET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n';
const PATIENCE = 30000;

function filler(many) {
  return Buffer.from(evil.repeat(1 + Math.ceil(many / evil.length)).slice(0, many));
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A stream and what came on it: answered when the body has the length it said, ended when
// the server's half is.
class Exchange {
  constructor(session, headers, endStream) {
    this.body = '';
    this.stream = session.request(headers, { endStream });
    this.stream.setEncoding('latin1');
    this.answered = new Promise((resolve, reject) => {
      const check = () => {
        if (this.head && (headers[':method'] === 'HEAD'
            || this.body.length >= Number(this.head['content-length'] || 0))) {
          resolve();
        }
      };
      this.stream.on('continue', () => reject(new Error('a 100 came')));
      this.stream.on('headers', () => reject(new Error('an interim answer came')));
      this.stream.on('response', (head) => { this.head = head; check(); });
      this.stream.on('data', (data) => { this.body += data; check(); });
      this.stream.on('close', () => reject(new Error('closed without an answer')));
      this.stream.on('error', (error) => { this.error = error; reject(error); });
    });
    this.ended = new Promise((resolve) => {
      this.stream.on('end', resolve);
      this.stream.on('close', resolve);
    });
    this.closed = new Promise((resolve) => this.stream.on('close', resolve));
    this.answered.catch(() => {});
  }

  write(bytes, isLast) {
    return new Promise((resolve) => {
      if (this.stream.destroyed || this.stream.closed) {
        resolve();
      } else if (isLast) {
        this.stream.end(bytes, resolve);
        this.stream.once('close', resolve);
      } else {
        this.stream.write(bytes, resolve);
        this.stream.once('close', resolve);
      }
    });
  }
}

function judge(row, exchange) {
  const head = exchange.head;
  if (head[':status'] !== row.want) {
    return `answered ${head[':status']}, not ${row.want}`;
  }
  if ((head.location || '') !== row.location) {
    return `Location '${head.location}', not '${row.location}'`;
  }
  if (exchange.error || (exchange.stream.rstCode && exchange.stream.rstCode !== 0)) {
    return `the stream failed: ${exchange.error}, reset ${exchange.stream.rstCode}`;
  }
  return '';
}

async function run(session, row) {
  let exchange;
  for (const step of row.steps.split(' ;; ')) {
    const [verb, ...items] = step.split(' ');
    if (verb === 'send' || verb === 'drip') {
      if (verb === 'drip') {
        items.shift();
      }
      const isLast = items.includes('last');
      const bytes = Buffer.concat(items.filter((item) => item.startsWith('fill:'))
        .map((item) => filler(Number(item.slice(5)))));
      if (items[0] === 'head') {
        const isAll = isLast && bytes.length === 0;
        exchange = new Exchange(session, row.headers, isAll);
        if (isAll) {
          continue;
        }
      }
      if (bytes.length || isLast) {
        const written = exchange.write(bytes, isLast);
        if (verb === 'drip') {
          await written;
        }
      }
    } else if (verb === 'answer') {
      await within(exchange.answered, 'no answer came');
    } else if (verb === 'ended') {
      await within(exchange.ended, 'the stream does not end');
    } else if (verb === 'reset') {
      exchange.stream.close(http2.constants.NGHTTP2_CANCEL);
    } else if (verb === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, Number(items[0])));
    } else {
      throw new Error(`no step is '${verb}'`);
    }
  }
  await within(exchange.answered, 'no answer came');
  const wrong = row.steps.includes('reset') ? '' : judge(row, exchange);
  if (wrong) {
    return wrong;
  }
  const marker = new Exchange(session, { ':path': `/marker/${row.id}`, ':method': 'GET' }, true);
  await within(marker.answered, 'the marker got no answer');
  return marker.head.location === `/to/marker/${row.id}`
    ? '' : `the marker got ${marker.head[':status']} ${marker.head.location}`;
}

(async () => {
  const session = http2.connect(`https://127.0.0.1:${work.port}`, {
    rejectUnauthorized: false,
    maxSessionMemory: 1000,     // what a reset leaves unsent counts, and node would reset
  });
  let end = '';
  session.on('error', (error) => { end = `the connection failed: ${error.message}`; });
  session.on('goaway', (code) => { end = `the server said GOAWAY ${code}`; });
  const before = await new Promise((resolve) => session.on('remoteSettings',
    () => resolve(session.state.remoteWindowSize)));
  for (const row of work.rows) {
    let wrong;
    try {
      wrong = end || await run(session, row);
    } catch (error) {
      wrong = error.message;
    }
    console.log(`${wrong ? 'not ok' : 'ok'}\t${row.place}, ${row.id}\t${wrong.replace(/\s+/g, ' ')}`);
  }
  // what was sent and never read must come back to the connection's window
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = session.state.remoteWindowSize;
  const isWhole = !end && after >= before;
  console.log(`${isWhole ? 'ok' : 'not ok'}\tthe connection\t${end} window ${before} before, ${after} after`);
  session.destroy();
})().catch((error) => console.log(`not ok\tthe connection\t${error.message}`));
