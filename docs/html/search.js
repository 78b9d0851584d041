// SPDX-License-Identifier: Apache-2.0
// Looks for all words of ?q= in search-index.js. It asks no server, so it works from a folder;
// it writes text only, never markup.
'use strict';
(function () {
  var asked = (new URLSearchParams(window.location.search).get('q') || '').trim();
  var words = asked.toLowerCase().split(/\s+/).filter(function (word) { return word !== ''; }).slice(0, 12);
  var said = document.getElementById('said');
  var list = document.getElementById('results');
  document.querySelector('input[name=q]').value = asked;
  if (words.length === 0) {
    said.textContent = 'Write one or more words above; all of them have to be there.';
    return;
  }

  // a heading counts more than the page's title, and that more than the text
  function points(entry) {
    var sum = 0;
    var parts = [[entry[1].toLowerCase(), 30], [entry[2].toLowerCase(), 8], [entry[3].toLowerCase(), 1]];
    for (var i = 0; i < words.length; i++) {
      var best = 0;
      parts.forEach(function (part) {
        if (part[0] === words[i]) best = Math.max(best, part[1] * 3);
        else if (part[0].indexOf(words[i]) >= 0) best = Math.max(best, part[1]);
      });
      if (best === 0) return 0;
      sum += best + Math.min(5, parts[2][0].split(words[i]).length - 1);
    }
    return sum;
  }

  // some words around the first hit, the hits marked
  function excerpt(text) {
    var low = text.toLowerCase();
    var first = words.map(function (word) { return low.indexOf(word); }).filter(function (at) { return at >= 0; });
    var from = Math.max(0, (first.length ? Math.min.apply(null, first) : 0) - 60);
    var piece = text.slice(from, from + 220);
    var shown = document.createElement('p');
    var at = 0;
    if (from > 0) shown.append('… ');
    while (at < piece.length) {
      var next = null;
      words.forEach(function (word) {
        var place = piece.toLowerCase().indexOf(word, at);
        if (place >= 0 && (next === null || place < next[0])) next = [place, word.length];
      });
      if (next === null) break;
      shown.append(piece.slice(at, next[0]));
      var mark = document.createElement('mark');
      mark.textContent = piece.slice(next[0], next[0] + next[1]);
      shown.append(mark);
      at = next[0] + next[1];
    }
    shown.append(piece.slice(at) + (from + 220 < text.length ? ' …' : ''));
    return shown;
  }

  var hits = window.r307Manual.map(function (entry) { return [points(entry), entry]; })
    .filter(function (hit) { return hit[0] > 0; })
    .sort(function (a, b) { return b[0] - a[0]; });
  said.textContent = hits.length === 0 ? 'Nothing has all of these words: ' + words.join(' ')
    : hits.length + (hits.length === 1 ? ' place has ' : ' places have ') + words.join(' and ')
      + (hits.length > 40 ? '; the first 40:' : ':');
  hits.slice(0, 40).forEach(function (hit) {
    var item = document.createElement('li');
    var link = document.createElement('a');
    link.href = hit[1][0];
    link.textContent = hit[1][1];
    item.append(link);
    if (hit[1][1] !== hit[1][2]) item.append(' in ' + hit[1][2]);
    item.append(excerpt(hit[1][3]));
    list.append(item);
  });
})();
