// Thresholds are moved by a slider or typed; the sizes follow after a short pause.

const form = document.querySelector("[data-thresholds]");
const counter = form?.querySelector("[hx-post][hidden]");
let waiting = 0;

function field(node, name) {
  return node.closest("li").querySelector(name);
}

form?.addEventListener("input", (event) => {
  if (event.target.matches("[data-slide]")) {
    field(event.target, "select").value = "top";
    field(event.target, "[data-value]").value = event.target.value;
  } else if (event.target.matches("[data-value]")) {
    const slide = field(event.target, "[data-slide]");
    if (field(event.target, "select").value === "top") slide.value = event.target.value;
  }
  clearTimeout(waiting);
  waiting = setTimeout(() => counter.dispatchEvent(new CustomEvent("typed")), 150);
});
