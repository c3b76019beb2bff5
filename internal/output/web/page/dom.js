// Helpers to build and change elements. Text only ever becomes a text node, so
// that nothing a meter sends is taken for markup.

const SVG = "http://www.w3.org/2000/svg";

/** h makes an HTML element. Attributes that are null or false are left out. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** s makes an SVG element. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) set(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** set changes an attribute where it differs; null and false take it off. */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** say changes a node's text where it differs. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** show shows or hides a node, which may be a picture: SVG knows the attribute only. */
export function show(node, visible) {
  if (node.hasAttribute("hidden") === Boolean(visible)) node.toggleAttribute("hidden", !visible);
}

/**
 * rows keeps a child of parent for each item, in order, and builds only what
 * is new, so that focus and selection survive the next reading. make(item)
 * returns a node with a method update(item), which is all that it learns of
 * later: it must not look at what make could see.
 */
export function rows(parent, items, key, make) {
  const old = new Map();
  for (const node of parent.children) old.set(node.dataset.key, node);
  items.forEach((item, i) => {
    const name = String(key(item, i));
    let node = old.get(name);
    old.delete(name);
    if (!node) {
      node = make(item);
      node.dataset.key = name;
    }
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
    node.update?.(item);
  });
  for (const node of old.values()) node.remove();
}

/** updating gives a node its method update. */
export function updating(node, update) {
  node.update = update;
  return node;
}
