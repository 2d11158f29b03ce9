// J and K walk the lines, Enter does, S opens what to put off to.

const lines = () => [...document.querySelectorAll("[data-line]")];
const here = () => lines().find((line) => line.contains(document.activeElement));

function walk(step) {
  const all = lines();
  const place = here() ? all.indexOf(here()) + step : step > 0 ? 0 : all.length - 1;
  all[Math.max(0, Math.min(place, all.length - 1))]?.querySelector("[data-enter]").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(input|textarea|select)$/i.test(event.target.tagName)) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "s") {
    const menu = (here() ?? lines()[0])?.querySelector("details");
    if (!menu) return;
    menu.open = true;
    menu.querySelector("button").focus();
  } else return;
  event.preventDefault();
});
