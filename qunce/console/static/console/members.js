// The list: arrow keys walk it beside the peek, X ticks, Enter goes to the page.
// And: buttons that put a word into a field.

const rows = () => [...document.querySelectorAll("[data-row]")];
const linkOf = (row) => row.querySelector("[data-peek]");
const rowOf = (node) => node.closest?.("[data-row]");
const isTyping = (node) =>
  node.matches("textarea, select, input:not([type=checkbox])") || node.isContentEditable;

let here;

function mark(row) {
  here?.removeAttribute("aria-selected");
  here = row;
  here?.setAttribute("aria-selected", "true");
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const from = all.indexOf(rowOf(document.activeElement) ?? here);
  const next = all[Math.max(0, Math.min(from + step, all.length - 1))];
  mark(next);
  linkOf(next).focus();
  // Only where there is room beside the list: on a phone it would cover it.
  if (matchMedia("(width >= 1000px)").matches) linkOf(next).click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const row = rowOf(event.target);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    walk(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && row && event.target === linkOf(row) && peeked(row)) {
    location.assign(linkOf(row).href);
  } else if (event.key.toLowerCase() === "x" && (row ?? here)) {
    (row ?? here).querySelector("input[name=member]")?.click();
  } else return;
  event.preventDefault();
});

function peeked(row) {
  const shown = document.querySelector("[data-peeked]");
  return shown && linkOf(row).getAttribute("href").includes(`/${shown.dataset.peeked}/`);
}

document.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (row) mark(row);
  const insert = event.target.closest("[data-insert]");
  if (insert) put(insert.dataset.insert, document.getElementById(insert.dataset.into));
});

function put(text, field) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Ticks

function count(form) {
  const ticked = form.querySelectorAll("input[name=member]:checked").length;
  const said = form.querySelector("[data-ticked]");
  if (!said) return;
  said.dataset.words ??= said.textContent;
  said.textContent = said.dataset.words.replace("{n}", ticked.toLocaleString("en"));
  said.hidden = !ticked || form.querySelector("[data-everyone]").checked;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-members]");
  if (!form) return;
  if (event.target.matches("[data-tick-page]"))
    for (const box of form.querySelectorAll("input[name=member]"))
      box.checked = event.target.checked;
  count(form);
});

function begin() {
  for (const box of document.querySelectorAll("[data-tick-page]")) box.hidden = false;
  for (const form of document.querySelectorAll("[data-members]")) count(form);
}

begin();
document.addEventListener("htmx:afterSwap", begin);

// An address says what is asked, not what is left open.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".members-search")) return;
  for (const [name, value] of [...event.formData])
    if (!value) event.formData.delete(name);
});
