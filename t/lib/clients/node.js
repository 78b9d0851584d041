// SPDX-License-Identifier: Apache-2.0
//
// node's fetch: makes the requests of a JSON file, and says for each its id, the last
// status, or what went wrong.
'use strict';
const fs = require('fs');

// A Blob, not a Buffer: undici takes a Buffer's memory away and has none for the next
// address. One of a file is read as it is sent, and again there.
async function bodyOf(one) {
  if (one.size > 100000000 && fs.openAsBlob) {
    return fs.openAsBlob(one.file);
  }
  return new Blob([fs.readFileSync(one.file)]);
}

(async () => {
  for (const one of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
    let told;
    try {
      const headers = { 'content-type': one.type, ...one.headers };
      const response = await fetch(one.url, { method: one.method, body: await bodyOf(one), headers });
      await response.text();
      told = `${response.status}`;
    } catch (error) {
      told = `${error} ${error.cause || ''}`;
    }
    console.log(`${one.id}\t${told.replace(/\s+/g, ' ')}`);
  }
})();
