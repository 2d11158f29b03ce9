// The rule builder by keyboard, and numbers that follow what is typed.

const builder = () => document.querySelector("[data-builder]");
const typing = (node) => /^(input|textarea|select)$/i.test(node.tagName);
const PAUSE = 250;
let waiting = 0;

// Numbers: after a pause, and never while the whole rule is on its way.

const counter = () => builder()?.querySelector("[hx-post][hidden]");

function typed(event) {
  const form = builder();
  if (!form || !event.target.closest("[data-editor]") || event.target.matches("[data-find]")) return;
  if (event.target.name === "c-attribute" && event.type === "change") {
    form.querySelector(".refresh").click();
    return;
  }
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const form = builder();
    const busy = !form?.querySelector("[data-editor]") || form.matches(".htmx-request");
    if (!busy) counter()?.dispatchEvent(new CustomEvent("typed"));
  }, PAUSE);
}

document.addEventListener("input", typed);
document.addEventListener("change", (event) => {
  if (event.target.matches(".picker .offered input:checked")) choose(event.target);
  typed(event);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== builder()) return;
  clearTimeout(waiting);
  counter()?.dispatchEvent(new CustomEvent("htmx:abort"));
});

// What is picked stands with what is chosen, whatever is searched next.
function choose(box) {
  const label = box.closest("label");
  box.closest(".picker").querySelector(".chosen").append(label);
}

// Keys

document.addEventListener("keydown", (event) => {
  if (!builder() || event.ctrlKey || event.metaKey || event.altKey) return;
  const editor = event.target.closest("[data-editor]");
  if (editor ? inEditor(event, editor) : onLine(event)) event.preventDefault();
});

function inEditor(event, editor) {
  if (event.key === "Escape") {
    editor.querySelector("[data-cancel]").click();
    return true;
  }
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("input, select")) return false;
  if (!event.target.matches("[data-find]")) {
    editor.querySelector("[data-done]").click();
    return true;
  }
  const box = event.target.closest(".picker").querySelector(".offered input");
  if (event.target.value === "" || !box) editor.querySelector("[data-done]").click();
  else {
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    event.target.value = "";
  }
  return true;
}

function onLine(event) {
  if (event.target.id === "name" && event.key === "Enter" && !event.isComposing) {
    document.querySelector("#save .primary").click();
    return true;
  }
  if (typing(event.target)) return false;
  enter(builder().querySelector(".menu[open]"));
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step) return walk(event.target, step);
  const line = event.target.closest("[data-line]");
  const key = event.key === "Delete" ? "x" : event.key;
  const button = line?.querySelector(`[data-act="${CSS.escape(key)}"]`);
  if (button) button.click();
  return Boolean(button);
}

// Whoever opens a menu is in it at once, and walks it like the lines.
function enter(menu) {
  if (menu && !menu.contains(document.activeElement)) menu.querySelector("button")?.focus();
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches("[data-builder] .menu[open]")) enter(event.target);
}, true);

function stepIn(buttons, from, step) {
  buttons[(buttons.indexOf(from) + step + buttons.length) % buttons.length]?.focus();
  return true;
}

function walk(from, step) {
  const menu = from.closest(".menu[open]");
  if (menu) return stepIn([...menu.querySelectorAll("button")], from, step);
  const lines = [...builder().querySelectorAll('[data-act="open"], .adder summary')];
  const here = lines.indexOf(from.closest("[data-line], .adder")?.querySelector('[data-act="open"], summary'));
  const next = here < 0 ? (step > 0 ? 0 : lines.length - 1) : here + step;
  lines[next]?.focus();
  return Boolean(lines[next]);
}

// What was typed before htmx knew the field is looked for all the same.
document.addEventListener("htmx:load", (event) => {
  for (const field of event.target.querySelectorAll("[data-find]"))
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("search"));
});
