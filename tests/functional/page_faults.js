// What is wrong with the page that the browser shows: called with the stylesheets of all
// areas by name, returns texts that are visible and faults of the layout.
(stylesheets) => {
  const CONTROLS = "a.button, button, input:not([type=hidden]), select, textarea, summary.button, .chip";
  const round = Math.round;
  const isShown = (node) =>
    node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !node.closest(".visually-hidden, .skip");
  const nameOf = (node) =>
    `${node.localName}${node.id ? `#${node.id}` : ""}${node.classList.length ? `.${[...node.classList].join(".")}` : ""} “${(node.innerText || node.value || node.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const isApart = (node) => {
    for (let each = node; each; each = each.parentElement)
      if (["fixed", "sticky", "absolute"].includes(getComputedStyle(each).position)) return true;
    return false;
  };
  const scrolls = (node) => node.closest(".scroll, .tabs, pre, textarea, .picker-list, .ticks");

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    const text = node.textContent.trim().replace(/\s+/g, " ");
    if (!text || parent.closest("script, style, template, option") || !isShown(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const isMain = Boolean(parent.closest("main"));
    texts.push([text, isMain, Boolean(parent.closest("bdi, code, pre, kbd, textarea, svg, time, [lang]:not(html)"))]);
  }
  for (const node of document.querySelectorAll("[placeholder], [aria-label], [title], option")) {
    if (node.localName === "option" ? !isShown(node.parentElement) : !isShown(node)) continue;
    const isData = Boolean(node.closest("bdi, code, svg"));
    if (node.localName === "option") texts.push([node.text.trim(), true, isData]);
    for (const name of ["placeholder", "aria-label", "title"])
      if (node.hasAttribute(name)) texts.push([node.getAttribute(name), Boolean(node.closest("main")), isData || name === "title"]);
  }

  for (const node of document.querySelectorAll("[data-name], [data-label]")) {
    const before = getComputedStyle(node, "::before").content;
    if (isShown(node) && before.startsWith('"')) texts.push([before.slice(1, -1).trim(), true, false]);
  }

  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth + 1) faults.push("wider than the screen");
  const controls = [...document.querySelectorAll(CONTROLS)].filter(isShown);
  const boxes = new Map(controls.map((node) => [node, node.getBoundingClientRect()]));
  const canvas = document.createElement("canvas").getContext("2d");
  for (const [node, box] of boxes) {
    if (box.width < 2) continue;
    if (!scrolls(node) && (box.left < -1 || box.right > innerWidth + 1))
      faults.push(`outside of the screen: ${nameOf(node)}`);
    const style = getComputedStyle(node);
    if (node.matches("button, a.button, summary") && style.textOverflow !== "ellipsis" && node.scrollWidth > node.clientWidth + 2)
      faults.push(`cut: ${nameOf(node)}`);
    if (node.placeholder && !node.value) {
      canvas.font = style.font;
      const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (node.localName === "input" && canvas.measureText(node.placeholder).width > room + 2)
        faults.push(`placeholder cut: ${node.placeholder}`);
    }
  }
  // Of what scrolls in a box of its own, only the part in that box covers anything.
  const shownBox = (node) => {
    const box = boxes.get(node);
    const frame = scrolls(node)?.getBoundingClientRect() ?? box;
    return {
      left: Math.max(box.left, frame.left),
      right: Math.min(box.right, frame.right),
      top: Math.max(box.top, frame.top),
      bottom: Math.min(box.bottom, frame.bottom),
    };
  };
  const free = controls.filter((node) => boxes.get(node).width > 1 && !isApart(node));
  const shown = free.map(shownBox);
  for (let i = 0; i < free.length; i++)
    for (let j = i + 1; j < free.length; j++) {
      const [a, b] = [shown[i], shown[j]];
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 2 && height > 2 && !free[i].contains(free[j]) && !free[j].contains(free[i]))
        faults.push(`overlap: ${nameOf(free[i])} and ${nameOf(free[j])}`);
    }
  for (const cell of document.querySelectorAll("main :is(td, th, li, dd, .chip, .what)")) {
    if (!isShown(cell) || cell.children.length > 3) continue;
    const { width, height } = cell.getBoundingClientRect();
    const line = parseFloat(getComputedStyle(cell).lineHeight) || 22;
    if (width < 72 && height > 2.6 * line && cell.innerText.trim().length > 5 && !cell.querySelector(CONTROLS))
      faults.push(`squeezed to ${round(width)} pixels: ${nameOf(cell)}`);
  }

  // With the stylesheets of other areas the page must look the same.
  const all = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility());
  const layout = () =>
    all.map((node) => {
      const box = node.getBoundingClientRect();
      return `${round(box.x)} ${round(box.y)} ${round(box.width)} ${round(box.height)}`;
    });
  const before = layout();
  const findChanged = (texts) => {
    document.adoptedStyleSheets = texts.map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return sheet;
    });
    const after = layout();
    document.adoptedStyleSheets = [];
    const first = before.findIndex((box, index) => box !== after[index]);
    return first < 0 ? "" : nameOf(all[first]);
  };
  const foreign = Object.entries(stylesheets)
    .filter(([name]) => !document.querySelector(`link[href*="/pages/${name}."]`));
  if (findChanged(foreign.map(([, text]) => text)))
    for (const [name, text] of foreign) {
      const changed = findChanged([text]);
      if (changed) faults.push(`the stylesheet of ${name} changes ${changed}`);
    }
  return { texts, faults: [...new Set(faults)] };
}
