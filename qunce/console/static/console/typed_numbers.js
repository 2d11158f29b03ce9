// The grid of typed numbers: keys move as in a spreadsheet, and a block of one is pasted
// into its cells. The server reads and checks what is in them.

const form = document.querySelector("#grid");
const note = document.querySelector("#paste-note");
const undo = document.querySelector("#paste-undo");

const rows = [...form.querySelectorAll("tbody tr")].map((row) => ({
  key: row.dataset.group, name: row.dataset.groupName, cells: [...row.querySelectorAll("input")],
}));
const place = (input) => {
  const y = rows.findIndex((row) => row.cells.includes(input));
  return [y, y < 0 ? -1 : rows[y].cells.indexOf(input)];
};

const go = (y, x) => {
  const cell = rows[y]?.cells[x];
  cell?.focus();
  cell?.select();
  return Boolean(cell);
};

const isAtEdge = (input, step) => {
  const { selectionStart: start, selectionEnd: end, value } = input;
  if (start === 0 && end === value.length) return true;
  return start === end && start === (step < 0 ? 0 : value.length);
};

form.addEventListener("keydown", (event) => {
  const [y, x] = place(event.target);
  if (y < 0 || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  steps.Enter = event.shiftKey ? steps.ArrowUp : steps.ArrowDown;
  const step = steps[event.key];
  if (!step || (step[1] && !isAtEdge(event.target, step[1]))) return;
  if (go(y + step[0], x + step[1]) || event.key === "Enter") event.preventDefault();
});

form.addEventListener("focusin", (event) => {
  if (place(event.target)[0] >= 0) event.target.select();
});

// Cells with line breaks or tabs are quoted by spreadsheets.
const parse = (text) => {
  const table = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    const line = table.at(-1);
    const isStart = line.at(-1) === "" && !quoted;
    if (char === '"' && quoted && text[i + 1] === '"') {
      line[line.length - 1] += '"';
      i += 1;
    } else if (char === '"' && (quoted || isStart)) quoted = !quoted;
    else if (char === "\t" && !quoted) line.push("");
    else if (char === "\n" && !quoted) table.push([""]);
    else if (char !== "\r" || quoted) line[line.length - 1] += char;
  }
  if (table.at(-1).length === 1 && table.at(-1)[0] === "") table.pop();
  return table;
};

const plain = (text) => text.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();

// Lines that begin with names of groups are put where these are, wherever the block begins.
const findRow = (text) => {
  const found = rows.filter((row) => plain(row.key) === plain(text));
  const named = found.length ? found : rows.filter((row) => plain(row.name) === plain(text));
  return named.length === 1 ? rows.indexOf(named[0]) : -1;
};

const isNumber = (text) => /^[\d,.'’ ]*$/.test(text.normalize("NFKC").trim());

const put = (block, y, x) => {
  const isNamed = block.some((line) => line.length > 1 && !isNumber(line[0]) && findRow(line[0]) >= 0);
  const result = { before: [], outside: 0, unknown: [] };
  block.forEach((line, index) => {
    const row = isNamed ? findRow(line[0]) : y + index;
    const texts = isNamed ? line.slice(1) : line;
    if (isNamed && row < 0) {
      // A line of headings has no numbers.
      if (texts.some((text) => text.trim() && isNumber(text))) result.unknown.push(line[0].trim());
      return;
    }
    texts.forEach((text, offset) => {
      const cell = rows[row]?.cells[(isNamed ? 0 : x) + offset];
      if (!cell) {
        if (text.trim()) result.outside += 1;
        return;
      }
      result.before.push([cell, cell.value]);
      cell.value = text.trim().slice(0, cell.maxLength);
    });
  });
  return result;
};

let pasted = [];

const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));

form.addEventListener("paste", (event) => {
  const [y, x] = place(event.target);
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (y < 0 || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  const result = put(parse(text), y, x);
  pasted = result.before;
  const parts = [note.dataset.pasted.replace("{n}", pasted.length)];
  if (result.outside) parts.push(note.dataset.outside.replace("{n}", result.outside));
  if (result.unknown.length) parts.push(note.dataset.unknown.replace("{names}", result.unknown.slice(0, 5).join(", ")));
  note.textContent = parts.join(" ");
  undo.hidden = false;
  changed();
});

undo.addEventListener("click", () => {
  for (const [cell, value] of pasted) cell.value = value;
  note.textContent = "";
  undo.hidden = true;
  changed();
});

// The server says which cells hold no number.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const verdict = document.getElementById(event.detail.target?.id);
  const invalid = (verdict?.dataset.invalid ?? "").split(" ");
  for (const cell of verdict?.closest("tr")?.querySelectorAll("input") ?? []) {
    if (invalid.includes(cell.dataset.field)) cell.setAttribute("aria-invalid", "true");
    else cell.removeAttribute("aria-invalid");
  }
});

// What was typed is not lost by leaving the page.
const start = new FormData(form);
let isSaving = false;
form.addEventListener("submit", () => { isSaving = true; });
window.addEventListener("beforeunload", (event) => {
  const isChanged = [...new FormData(form)].some(([name, value]) => start.get(name) !== value);
  if (isChanged && !isSaving) event.preventDefault();
});
