// The content calendar: entries are dragged, or moved by Alt and an arrow key, by the form
// that also their page has. Without this script that page moves them.

const form = document.querySelector("#move");

const shift = (day, days) => {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
};

const move = (key, day, time) => {
  form.action = form.dataset.url.replace("KEY", key);
  form.elements.day.value = day;
  form.elements.time.value = time;
  form.submit();
};

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-move]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.move);
  dragged.classList.add("dragged");
});

const column = (event) => (dragged && form ? event.target.closest("td[data-day], th[data-day]") : null);

const mark = (day) => {
  for (const cell of document.querySelectorAll(".calendar-week .drop")) cell.classList.remove("drop");
  if (!day) return;
  for (const cell of document.querySelectorAll(`.calendar-week [data-day="${day}"]:is(td, th)`)) cell.classList.add("drop");
};

document.addEventListener("dragover", (event) => {
  const cell = column(event);
  if (!cell) return;
  event.preventDefault();
  mark(cell.dataset.day);
});

document.addEventListener("drop", (event) => {
  const cell = column(event);
  if (!cell) return;
  event.preventDefault();
  if (cell.dataset.day !== dragged.dataset.day) move(dragged.dataset.move, cell.dataset.day, dragged.dataset.time);
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
  mark("");
});

document.addEventListener("keydown", (event) => {
  const entry = event.target.closest?.("[data-move]");
  const days = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!entry || !days || !event.altKey || !form) return;
  event.preventDefault();
  move(entry.dataset.move, shift(entry.dataset.day, days), entry.dataset.time);
});

for (const bar of document.querySelectorAll("[data-share]")) bar.style.flexGrow = bar.dataset.share;

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
