// How the search ranks: an exact name first, then titles, then texts; pages that are long tables come last of these.
"use strict";

var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([docname, title, , , score, , kind]) => {
    const plain = (text) => text.toLowerCase().trim().replace(/[`…]/g, "");
    const query = plain(new URLSearchParams(window.location.search).get("q") ?? "");
    if (!query) return score;
    const last = plain(title.split(" > ").pop());
    const tables = ["evidence", "faults", "known-reports", "proof", "speed"].includes(docname);
    if (kind === "object" || kind === "index") {
      const name = last.split(".").pop();
      return name === query || last === query ? 200 : score;
    }
    const same = last === query || last === `${query}s` || `${last}s` === query;
    const whole = title.includes(" > ") ? 0 : 10; // a page before a section of one
    if (same) return 120 + whole;
    if (last.startsWith(query)) return 80 + whole;
    if (` ${last}`.includes(` ${query}`)) return 60 + whole;
    return Math.min(score, 50) - (tables ? 4 : 0);
  },
};
