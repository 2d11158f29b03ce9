// Behaviour of every page: shortcuts, copying, toasts, and menus that close.

import "./unsent.js";

// Letters typed on a checkbox are shortcuts; Space and Enter are its own.
const isInput = (node, key) =>
  node.isContentEditable || (node.matches("[type=checkbox], [type=radio]") ? key.length > 1
    : node.matches("input, textarea, select"));

const keyOf = (event) => (event.key === " " ? "space" : event.key.toLowerCase());

function activate(node) {
  if (node.matches("input, textarea, select, summary")) node.focus();
  if (!node.matches("input, textarea, select")) node.click();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && keyOf(event) === "k") {
    event.preventDefault();
    document.querySelector("#search")?.focus();
    return;
  }
  if (event.key === "Escape") closeAll();
  const key = keyOf(event);
  if (event.ctrlKey || event.metaKey || event.altKey || isInput(event.target, key)) return;
  const node = [...document.querySelectorAll("[data-key]")].find(
    (candidate) => candidate.dataset.key.split(" ").includes(key) && candidate.checkVisibility(),
  );
  if (!node || (key === "enter" && event.target.matches("a, button, summary"))) return;
  event.preventDefault();
  activate(node);
});

function closeAll() {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]")) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
  document.querySelector("#search-results")?.replaceChildren();
  const peek = document.querySelector("#peek");
  if (peek?.childElementCount) peek.replaceChildren();
}

document.addEventListener("click", async (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]"))
    if (!menu.contains(event.target)) menu.open = false;
  if (!event.target.closest(".search")) document.querySelector("#search-results")?.replaceChildren();
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]")?.remove();
  if (event.target.closest("[data-close-peek]")) document.querySelector("#peek")?.replaceChildren();
  const copy = event.target.closest("[data-copy]");
  if (!copy || !(await copyText(copy.dataset.copy))) return;
  showCopied(copy);
  // What is not copied must not be marked.
  if (copy.dataset.then) copy.closest("[data-row]").querySelector(copy.dataset.then)?.click();
});

// A form that was opened gets the focus, so that typing can start.
document.addEventListener("toggle", ({ target }) => {
  if (!target.open || document.activeElement !== target.querySelector("summary")) return;
  const first = [...target.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")]
    .find((node) => !node.closest("summary, [data-failure]") && node.checkVisibility());
  if (first?.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=file])")) first.focus();
}, true);

// The clipboard API is missing without HTTPS; there, copy from a hidden field.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function showCopied(node) {
  node.classList.add("copied");
  node.setAttribute("aria-pressed", "true");
  setTimeout(() => {
    node.classList.remove("copied");
    node.removeAttribute("aria-pressed");
  }, 1600);
}

// On a phone, the tab of this page may lie outside of the row of tabs.
document
  .querySelector(".tabs [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });

// The arrow keys move through the search results.
document.querySelector(".search")?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...document.querySelectorAll("#search-results a")];
  if (!links.length) return;
  event.preventDefault();
  const index = links.indexOf(document.activeElement);
  const next = index + (event.key === "ArrowDown" ? 1 : -1);
  (links[next] ?? document.querySelector("#search")).focus();
});

// A toast disappears after a while, unless the user points at it. One with an undo stays longer.
function expireToasts() {
  for (const toast of document.querySelectorAll("[data-toast]:not([data-expires])")) {
    toast.dataset.expires = "";
    setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(),
      toast.querySelector("form") ? 20000 : 6000);
  }
}

// Pickers are loaded where a page has something to search in.
const SEARCHABLE = "[data-tag-picker], .ticks, fieldset.pick, select optgroup, select option:nth-of-type(16)";

function prepare(root) {
  expireToasts();
  if (root.querySelector(SEARCHABLE)) import("./picker.js");
}

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.target));
document.addEventListener("htmx:oobAfterSwap", expireToasts);

// What is wrong is shown where one looks: long forms have it above or below the fold.
function showTrouble(root) {
  const wrong = root.querySelector("[aria-invalid=true]");
  if (wrong?.checkVisibility()) return wrong.focus();
  const alert = root.querySelector("[role=alert]");
  if (!alert?.checkVisibility()) return;
  const { top, bottom } = alert.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight - 64) alert.scrollIntoView({ block: "center" });
}

showTrouble(document);
// After an action, but not after the previews that follow one's typing.
document.addEventListener("htmx:afterSettle", ({ detail, target }) => {
  const cause = detail.requestConfig?.triggeringEvent?.type;
  if (cause === "submit" || cause === "click") showTrouble(target.isConnected ? target : document);
});
