// The member list: arrow keys move and open the peek, X selects, Enter opens the page.
// Also buttons that insert a variable into a field.

const rows = () => [...document.querySelectorAll("[data-row]")];
const linkOf = (row) => row.querySelector("[data-peek]");
const rowOf = (node) => node.closest?.("[data-row]");
const isTyping = (node) =>
  node.matches("textarea, select, input:not([type=checkbox])") || node.isContentEditable;

let current;

function setCurrent(row) {
  current?.removeAttribute("aria-selected");
  current = row;
  current?.setAttribute("aria-selected", "true");
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const from = all.indexOf(rowOf(document.activeElement) ?? current);
  const next = all[Math.max(0, Math.min(from + step, all.length - 1))];
  setCurrent(next);
  linkOf(next).focus();
  // Open the peek only where it fits beside the list, instead of covering it.
  if (matchMedia("(width >= 1000px)").matches) linkOf(next).click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const row = rowOf(event.target);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && row && event.target === linkOf(row) && isPeeked(row)) {
    location.assign(linkOf(row).href);
  } else if (event.key.toLowerCase() === "x" && (row ?? current)) {
    (row ?? current).querySelector("input[name=member]")?.click();
  } else return;
  event.preventDefault();
});

function isPeeked(row) {
  const shown = document.querySelector("[data-peeked]");
  return shown && linkOf(row).getAttribute("href").includes(`/${shown.dataset.peeked}/`);
}

document.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (row) setCurrent(row);
  const insert = event.target.closest("[data-insert]");
  if (insert) insertText(insert.dataset.insert, document.getElementById(insert.dataset.into));
});

function insertText(text, field) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Selection

function showCount(form) {
  const count = form.querySelectorAll("input[name=member]:checked").length;
  const label = form.querySelector("[data-selected-count]");
  if (!label) return;
  label.dataset.template ??= label.textContent;
  label.textContent = label.dataset.template.replace("{n}", count.toLocaleString("en"));
  label.hidden = !count || form.querySelector("[data-everyone]").checked;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-members]");
  if (!form) return;
  if (event.target.matches("[data-select-page]"))
    for (const box of form.querySelectorAll("input[name=member]"))
      box.checked = event.target.checked;
  showCount(form);
});

function initialise() {
  for (const box of document.querySelectorAll("[data-select-page]")) box.hidden = false;
  for (const form of document.querySelectorAll("[data-members]")) showCount(form);
}

// The rows are loaded again after tagging, and the same members stay selected.
const isTagged = (event) => event.detail.requestConfig?.triggeringEvent?.type === "tagged";
let selected = new Set();
let focused = "";

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isTagged(event)) return;
  const boxes = document.querySelectorAll("input[name=member]:checked, [data-everyone]:checked");
  selected = new Set([...boxes].map((box) => `${box.name}=${box.value}`));
  focused = document.activeElement.id;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!isTagged(event)) return;
  for (const box of event.target.querySelectorAll("input[name=member], [data-everyone]"))
    box.checked = selected.has(`${box.name}=${box.value}`);
  // The field of tags is hidden until then.
  document.getElementById(focused)?.focus();
});

initialise();
document.addEventListener("htmx:afterSwap", initialise);

// Leave empty filters out of the URL.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".members-search")) return;
  for (const [name, value] of [...event.formData])
    if (!value) event.formData.delete(name);
});
