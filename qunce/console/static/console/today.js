// Shortcuts of Today: J and K move, Enter opens the item, S opens its snooze menu.

const items = () => [...document.querySelectorAll("[data-item]")];
const current = () => items().find((item) => item.contains(document.activeElement));

function move(step) {
  const all = items();
  const index = current() ? all.indexOf(current()) + step : step > 0 ? 0 : all.length - 1;
  all[Math.max(0, Math.min(index, all.length - 1))]?.querySelector("[data-enter]").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(input|textarea|select)$/i.test(event.target.tagName)) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "s") {
    const menu = (current() ?? items()[0])?.querySelector("details");
    if (!menu) return;
    menu.open = true;
    menu.querySelector("button").focus();
  } else return;
  event.preventDefault();
});
