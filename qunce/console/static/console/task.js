// Shortcuts of a task: J and K move, Enter copies and marks, C copies, Space marks as sent,
// X opens the reasons for a failure, T the tags, U undoes the latest. The buttons are forms,
// and this only clicks them.

const task = document.querySelector("[data-task]");
// What copies and does nothing else.
const COPY = "[data-copy]:not([data-then])";
let currentId = null;

const rows = () => [...task.querySelectorAll("[data-row]")];
const openRows = () => rows().filter((row) => row.classList.contains("open"));
const findRow = (id) => rows().find((row) => row.dataset.row === id);

function select(row, focus = true) {
  for (const other of rows()) other.removeAttribute("aria-current");
  currentId = row?.dataset.row ?? null;
  if (!row) return;
  row.setAttribute("aria-current", "true");
  if (!focus) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  const index = all.findIndex((row) => row.dataset.row === currentId);
  select(all[Math.min(Math.max(index + step, 0), all.length - 1)]);
}

// Select the next open row after the one just done, or else the first.
function selectNextOpen() {
  const following = new Set(order.slice(order.indexOf(currentId)));
  select(openRows().find((row) => following.has(row.dataset.row)) ?? openRows()[0]);
}

function latestUndo() {
  const undos = [...task.querySelectorAll('[data-do="undo"]')];
  return undos.sort((a, b) => b.dataset.at - a.dataset.at)[0];
}

// The rows' IDs before an action, which the reply may have removed.
let order = rows().map((row) => row.dataset.row);

const keys = {
  j: () => move(1),
  arrowdown: () => move(1),
  k: () => move(-1),
  arrowup: () => move(-1),
  c: () => (findRow(currentId)?.querySelector(`.task-actions ${COPY}`) ?? task.querySelector(COPY))?.click(),
  enter: () => findRow(currentId)?.querySelector('[data-do="both"]')?.click(),
  t: () => {
    const menu = findRow(currentId)?.querySelector(".tagging-menu");
    if (menu) menu.open = true;
  },
  " ": () => findRow(currentId)?.querySelector('[data-do="mark"]')?.click(),
  u: () => {
    const button = latestUndo();
    if (!button) return;
    currentId = button.closest("[data-row]").dataset.row;
    button.click();
  },
  x: () => {
    const menu = findRow(currentId)?.querySelector('[data-do="fail"]');
    if (!menu) return;
    menu.open = true;
    menu.querySelector("select").focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) return;
  const isOnButton = event.target.matches("button, a, summary");
  if ((event.key === " " || event.key === "Enter") && isOnButton && !event.repeat) return;
  const action = keys[event.key.toLowerCase()];
  // Holding Space must not mark one row after the other.
  if (!action || (event.repeat && (event.key === " " || event.key === "Enter"))) return;
  event.preventDefault();
  action();
});

task?.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && row.dataset.row !== currentId) select(row, false);
});

// A form that opens must not lie behind the bar at the bottom of a phone. When one closes,
// the keys are those of the row again.
task?.addEventListener("toggle", (event) => {
  if (!event.target.open && event.target.contains(document.activeElement))
    event.target.closest("[data-row]")?.focus({ preventScroll: true });
  if (event.target.open)
    event.target.querySelector("[data-failure]")?.scrollIntoView({ block: "center" });
}, true);

// The text is folded on a phone, and stays as it was left after each row.
let isFolded = matchMedia("(width < 640px)").matches;
const foldText = () => {
  const text = task?.querySelector("[data-template]");
  if (!text) return;
  text.open = !isFolded;
  text.addEventListener("toggle", () => { isFolded = !text.open; });
};
foldText();

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "task") return;
  foldText();
  selectNextOpen();
  order = rows().map((row) => row.dataset.row);
});

if (task && openRows().length) {
  select(openRows()[0], false);
  if (openRows()[0] !== rows()[0]) openRows()[0].scrollIntoView({ block: "center" });
}
