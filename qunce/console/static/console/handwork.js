// A task row by row: J and K walk, C copies, Space marks and goes on, X says why not,
// U takes the last one back. The buttons are forms; this only presses them.

const desk = document.querySelector("[data-desk]");
let here = null;

const rows = () => [...desk.querySelectorAll("[data-row]")];
const open = () => rows().filter((row) => row.classList.contains("open"));
const find = (id) => rows().find((row) => row.dataset.row === id);

function go(row, focus = true) {
  for (const each of rows()) each.removeAttribute("aria-current");
  here = row?.dataset.row ?? null;
  if (!row) return;
  row.setAttribute("aria-current", "true");
  if (!focus) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function walk(step) {
  const all = rows();
  const place = all.findIndex((row) => row.dataset.row === here);
  go(all[Math.min(Math.max(place + step, 0), all.length - 1)]);
}

// The open row after the one just done, or else the first.
function onward() {
  const before = order.indexOf(here);
  const after = new Set(order.slice(before));
  go(open().find((row) => after.has(row.dataset.row)) ?? open()[0]);
}

function last() {
  const undos = [...desk.querySelectorAll('[data-do="undo"]')];
  return undos.sort((one, other) => other.dataset.at - one.dataset.at)[0];
}

let order = rows().map((row) => row.dataset.row);

const keys = {
  j: () => walk(1),
  arrowdown: () => walk(1),
  k: () => walk(-1),
  arrowup: () => walk(-1),
  c: () => (find(here)?.querySelector("[data-copy]") ?? desk.querySelector("[data-copy]"))?.click(),
  " ": () => find(here)?.querySelector('[data-do="mark"]')?.click(),
  u: () => {
    const button = last();
    if (!button) return;
    here = button.closest("[data-row]").dataset.row;
    button.click();
  },
  x: () => {
    const menu = find(here)?.querySelector('[data-do="cannot"]');
    if (!menu) return;
    menu.open = true;
    menu.querySelector("select").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) return;
  const pressing = event.target.matches("button, a, summary");
  if (event.key === " " && pressing && !event.repeat) return;
  const act = keys[event.key.toLowerCase()];
  if (!act || event.repeat && event.key === " ") return;
  event.preventDefault();
  act();
});

desk?.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && row.dataset.row !== here) go(row, false);
});

document.addEventListener("htmx:afterSwap", () => {
  onward();
  order = rows().map((row) => row.dataset.row);
});

if (desk && open().length) {
  go(open()[0], false);
  if (open()[0] !== rows()[0]) open()[0].scrollIntoView({ block: "center" });
}
