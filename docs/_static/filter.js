// A box over each table of `.filtered` that leaves the rows in which all its words stand. It needs no network.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".filtered")) {
    const rows = [...place.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
    const box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Filter, such as: listPersons limit";
    box.setAttribute("aria-label", "Filter the table");
    const said = document.createElement("output");
    const show = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => text.includes(word));
        left += row.hidden ? 0 : 1;
      }
      said.value = words.length ? `${left} of ${rows.length}` : `${rows.length} rows`;
      history.replaceState(null, "", words.length ? `?facts=${encodeURIComponent(box.value)}` : location.pathname);
    };
    const bar = document.createElement("div");
    bar.className = "filter";
    bar.append(box, said);
    place.prepend(bar);
    box.addEventListener("input", show);
    box.value = new URLSearchParams(location.search).get("facts") ?? "";
    if (box.value) show();
    else said.value = `${rows.length} rows`;
  }
});
