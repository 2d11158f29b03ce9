// What every page has: keys, copying, toasts, menus that close.

const typing = (node) =>
  node.isContentEditable || /^(input|textarea|select)$/i.test(node.tagName);

const keyOf = (event) => (event.key === " " ? "space" : event.key.toLowerCase());

function press(node) {
  if (node.matches("input, textarea, select")) node.focus();
  else node.click();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && keyOf(event) === "k") {
    event.preventDefault();
    document.querySelector("#search")?.focus();
    return;
  }
  if (event.key === "Escape") close();
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const key = keyOf(event);
  const node = [...document.querySelectorAll("[data-key]")].find(
    (each) => each.dataset.key.split(" ").includes(key) && each.checkVisibility(),
  );
  if (!node || (key === "enter" && event.target.matches("a, button, summary"))) return;
  event.preventDefault();
  press(node);
});

function close() {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]"))
    menu.open = false;
  const found = document.querySelector("#found");
  if (found) found.replaceChildren();
  const peek = document.querySelector("#peek");
  if (peek?.childElementCount) peek.replaceChildren();
}

document.addEventListener("click", async (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]"))
    if (!menu.contains(event.target)) menu.open = false;
  const found = document.querySelector("#found");
  if (found && !event.target.closest(".search")) found.replaceChildren();
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]")?.remove();
  if (event.target.closest("[data-close-peek]")) document.querySelector("#peek")?.replaceChildren();
  const copy = event.target.closest("[data-copy]");
  if (copy) copied(copy, await put(copy.dataset.copy));
});

async function put(text) {
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

function copied(node, done) {
  if (!done) return;
  node.classList.add("copied");
  node.setAttribute("aria-pressed", "true");
  setTimeout(() => {
    node.classList.remove("copied");
    node.removeAttribute("aria-pressed");
  }, 1600);
}

// The arrow keys walk the results of the search.
document.querySelector(".search")?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...document.querySelectorAll("#found a")];
  if (!links.length) return;
  event.preventDefault();
  const place = links.indexOf(document.activeElement);
  const next = place + (event.key === "ArrowDown" ? 1 : -1);
  (links[next] ?? document.querySelector("#search")).focus();
});

// A toast goes by itself, unless somebody is on it or it can be undone.
for (const toast of document.querySelectorAll("[data-toast]"))
  setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(),
    toast.querySelector("form") ? 20000 : 6000);
