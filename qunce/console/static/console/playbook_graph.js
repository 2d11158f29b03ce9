// The graph of a playbook: arrow keys go to the nearest box in that direction, Delete removes
// the chosen step, and a box that is dragged onto another one moves behind it. All of it are
// the forms of the panel, which work without this.

const graph = document.querySelector("[data-graph]");
const boxes = () => [...graph.querySelectorAll("a[data-step]")];

const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function centre(box) {
  const { left, top, width, height } = box.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

// The nearest box in the direction; what lies aside counts double.
function nearest(from, [dx, dy]) {
  const [x, y] = centre(from);
  let best = null;
  let least = Infinity;
  for (const box of boxes()) {
    const [otherX, otherY] = centre(box);
    const ahead = (otherX - x) * dx + (otherY - y) * dy;
    const aside = Math.abs((otherX - x) * dy) + Math.abs((otherY - y) * dx);
    const distance = ahead + 2 * aside;
    if (ahead > 4 && distance < least) [best, least] = [box, distance];
  }
  return best;
}

graph.addEventListener("keydown", (event) => {
  const box = event.target.closest("a[data-step]");
  if (!box) return;
  const direction = DIRECTIONS[event.key];
  if (direction) {
    event.preventDefault();
    const next = nearest(box, direction);
    next?.focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (event.key === "Delete" && box.hasAttribute("aria-current")) {
    document.querySelector("[data-delete] button")?.click();
  }
});

// Dragging

let dragged = null;

graph.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("a[draggable]") ?? null;
});

graph.addEventListener("dragover", (event) => {
  const over = event.target.closest("a[draggable]");
  for (const box of boxes()) box.classList.toggle("over", box === over && over !== dragged);
  if (dragged && over && over !== dragged) event.preventDefault();
});

graph.addEventListener("dragend", () => {
  for (const box of boxes()) box.classList.remove("over");
});

graph.addEventListener("drop", (event) => {
  const over = event.target.closest("a[draggable]");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const form = document.querySelector("[data-drop]");
  form.action = form.dataset.drop.replace("STEP", dragged.dataset.step);
  form.elements.after.value = over.dataset.step;
  form.elements.chosen.value = dragged.dataset.step;
  form.submit();
});

graph.querySelector("[aria-current]")?.focus({ preventScroll: true });
