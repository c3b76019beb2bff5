// Measures where things stand on the page. It runs in the page.

/**
 * misplaced lists what a person would see as broken: a text outside of its card
 * or on top of another, a part wider than its place, a hole between cards.
 * What scrolls must not have to be scrolled sideways.
 */
export function misplaced() {
  const found = new Set();
  const seen = (node) => node.checkVisibility({ visibilityProperty: true });
  const name = (node) => {
    const card = node.closest(".card, header, .banner, .program");
    const text = node.textContent.trim().slice(0, 30);
    return `${card?.className || card?.localName || "page"}: ${node.getAttribute("class") || node.localName} "${text}"`;
  };
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.add(`the page is ${wide} px wider than the screen`);

  // Rows of cards without a hole.
  for (const grid of document.querySelectorAll(".cards")) {
    if (!seen(grid)) continue;
    const whole = grid.getBoundingClientRect();
    const gap = parseFloat(getComputedStyle(grid).columnGap);
    const rows = new Map();
    for (const card of grid.children) {
      if (!seen(card)) continue;
      const box = card.getBoundingClientRect();
      const top = Math.round(box.top);
      rows.set(top, [...(rows.get(top) ?? []), { card, box }]);
    }
    let above = whole.top - gap;
    for (const row of [...rows].sort(([a], [b]) => a - b).map(([, one]) => one.sort((a, b) => a.box.left - b.box.left))) {
      let left = whole.left - gap;
      for (const { card, box } of row) {
        if (Math.abs(box.left - left - gap) > 1) found.add(`a hole of ${Math.round(box.left - left - gap)} px before ${card.className}`);
        if (Math.abs(box.top - above - gap) > 1) found.add(`a hole of ${Math.round(box.top - above - gap)} px above ${card.className}`);
        if (Math.abs(box.bottom - row[0].box.bottom) > 1) found.add(`${card.className} is not as high as ${row[0].card.className} beside it`);
        left = box.right;
      }
      if (Math.abs(whole.right - left) > 1) found.add(`a hole of ${Math.round(whole.right - left)} px behind ${row.at(-1).card.className}`);
      above = row[0].box.bottom;
    }
  }
  for (const box of document.querySelectorAll(".scroll")) {
    if (seen(box) && box.scrollWidth > box.clientWidth) found.add(`${name(box)} must be scrolled ${box.scrollWidth - box.clientWidth} px sideways`);
  }

  // Texts and pictures: [node, box, what may be around it].
  const things = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const node = text.parentElement;
    if (!text.data.trim() || !seen(node) || node.closest(".skip, noscript, .tip")) continue;
    range.selectNodeContents(text);
    const scroller = node.closest(".scroll")?.getBoundingClientRect();
    for (const box of range.getClientRects()) {
      if (box.width < 1 || (scroller && (box.top < scroller.top || box.bottom > scroller.bottom))) continue;
      const lead = 0.2 * box.height; // of a font's box no letter reaches the edge
      things.push({ node, solid: false, left: box.left, right: box.right, top: box.top + lead, bottom: box.bottom - lead });
    }
  }
  for (const node of document.querySelectorAll("svg.icon, .flow .ring, .badge, .dot, .bar, .gauge, .chip, .button, button, .pulse")) {
    const { left, right, top, bottom } = node.getBoundingClientRect();
    if (seen(node) && !node.closest(".scroll")) things.push({ node, solid: true, left, right, top, bottom });
  }
  for (const thing of things) {
    const around = thing.node.closest(".card, header, .banner")?.getBoundingClientRect();
    const room = around && { left: around.left + 8, right: around.right - 8, top: around.top, bottom: around.bottom };
    if (room && (thing.left < room.left || thing.right > room.right || thing.top < room.top || thing.bottom > room.bottom)) {
      found.add(`${name(thing.node)} stands out of its card`);
    }
    const ring = thing.node.classList.contains("value") && thing.node.parentElement.querySelector(".ring")?.getBoundingClientRect();
    if (ring && (thing.left < ring.left + 4 || thing.right > ring.right - 4)) found.add(`${name(thing.node)} is wider than its circle`);
  }
  things.sort((a, b) => a.left - b.left);
  for (let i = 0; i < things.length; i++) {
    const a = things[i];
    for (let j = i + 1; j < things.length && things[j].left < a.right - 1; j++) {
      const b = things[j];
      if (a.top >= b.bottom - 1 || b.top >= a.bottom - 1) continue;
      if (a.node === b.node || (a.solid && inside(a.node, b.node)) || (b.solid && inside(b.node, a.node))) continue;
      found.add(`${name(a.node)} covers ${name(b.node)}`);
    }
  }
  return [...found];

  /** inside reports whether a picture is meant to have the other on it. */
  function inside(solid, other) {
    if (solid.contains(other) || other.contains(solid)) return true;
    return solid.classList.contains("ring") && solid.parentElement.contains(other);
  }
}
