// Text whose colour is too near to that of its ground, at most eight of it. WCAG 2 wants a contrast of 4.5 to 1, or of
// 3 to 1 for large text.
() => {
  const rgba = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    const scale = text.startsWith("color(srgb") ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n[3] ?? 1];
  };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const ground = (e) => {
    if (!e) return [255, 255, 255, 1];
    const own = rgba(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(e.parentElement));
  };
  const shown = (e) => (e ? Number(getComputedStyle(e).opacity) * shown(e.parentElement) : 1);
  const light = (c) =>
    c.slice(0, 3)
      .map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const seen = (e) =>
    !/SCRIPT|STYLE|TEMPLATE/.test(e.tagName) && e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let node; (node = walker.nextNode()); ) {
    const e = node.parentElement;
    const text = node.textContent.trim();
    if (!text || !seen(e)) continue;
    texts += 1;
    const style = getComputedStyle(e);
    const back = ground(e);
    const ink = rgba(style.color);
    ink[3] *= shown(e);
    const [more, less] = [light(over(ink, back)), light(back)].sort((x, y) => y - x);
    const ratio = (more + 0.05) / (less + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      const where = `${style.color} on ${back.slice(0, 3).map(Math.round)} in ${e.tagName}.${e.className}`;
      found.set(where, `${where}: ${ratio.toFixed(2)}: ${text.slice(0, 30)}`);
    }
  }
  return texts ? [...found.values()].slice(0, 8) : ["no text at all"];
}
