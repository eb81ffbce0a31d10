// What is cut off, or reaches beyond the right edge and stands in no part of the article that scrolls; at most five of it.
() => {
  const edge = document.documentElement.clientWidth + 1;
  const found = [];
  const note = (what, e) => found.push(`${what}: ${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`);
  // The theme hides what is too wide for the page, and lets the whole content scroll on a phone: neither will do.
  const scrolls = (e) =>
    e && e.tagName !== "ARTICLE" && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  if (document.documentElement.scrollWidth > edge) note("wide", document.documentElement);
  for (const e of document.querySelectorAll("article, article *")) {
    if (!e.checkVisibility() || scrolls(e)) continue;
    const box = e.getBoundingClientRect();
    // A field scrolls with its caret.
    const hides = e.tagName !== "INPUT" && /hidden|clip/.test(getComputedStyle(e).overflowX);
    const cuts = hides && e.scrollWidth > e.clientWidth + 1 && box.width > 9;
    if ((box.width && box.right > edge) || cuts) note(cuts ? "cut off" : `to ${Math.round(box.right)}`, e);
  }
  return found.slice(0, 5);
}
