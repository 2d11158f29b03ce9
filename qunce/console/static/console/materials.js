// Files of materials: pasting and dropping, previews of what is new, copying of pictures.

const fields = document.querySelector("[data-files]");
const input = fields?.querySelector("input[type=file]");

function addFiles(files) {
  const all = new DataTransfer();
  if (fields.matches("[data-many]")) for (const file of input.files) all.items.add(file);
  for (const file of files) all.items.add(file);
  input.files = all.files;
  showNew();
}

function showNew() {
  const list = fields.querySelector("[data-new]");
  for (const shown of list.querySelectorAll("img")) URL.revokeObjectURL(shown.src);
  list.replaceChildren(...[...input.files].map((file) => {
    const item = document.createElement("li");
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      const picture = document.createElement("canvas");
      createImageBitmap(file).then((bitmap) => {
        const scale = 192 / Math.max(bitmap.width, bitmap.height, 192);
        picture.width = Math.round(bitmap.width * scale);
        picture.height = Math.round(bitmap.height * scale);
        picture.getContext("2d").drawImage(bitmap, 0, 0, picture.width, picture.height);
      }).catch(() => picture.remove());
      item.append(picture);
    }
    const name = document.createElement("bdi");
    name.className = "small";
    name.textContent = file.name;
    item.append(name);
    return item;
  }));
}

// Chat apps and browsers name what is pasted image.png, or not at all.
const named = (file) => (file.name ? file
  : new File([file], `image.${file.type.split("/")[1] ?? "png"}`, { type: file.type }));

if (input) {
  input.addEventListener("change", showNew);
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    addFiles(files.map(named));
  });
  for (const kind of ["dragover", "drop"])
    fields.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (kind === "drop") addFiles([...event.dataTransfer.files]);
    });
}

// Only PNG can be put into the clipboard, and only on pages with HTTPS.
const mayCopy = Boolean(navigator.clipboard?.write && window.ClipboardItem);

async function toPng(address) {
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

const reveal = () => {
  for (const button of document.querySelectorAll("[data-copy-image]")) button.hidden = !mayCopy;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-image]");
  if (!button) return;
  await navigator.clipboard.write([new ClipboardItem({ "image/png": toPng(button.dataset.copyImage) })]);
  button.classList.add("copied");
});

// Chosen materials move up to the others; the order is that of the choice.
document.addEventListener("change", (event) => {
  const picker = event.target.closest("[data-picked]");
  if (!picker || event.target.name !== "materials") return;
  const item = event.target.closest("li");
  const chosen = picker.querySelector("[data-chosen]");
  if (event.target.checked && !chosen.contains(item)) chosen.append(item);
});

document.addEventListener("htmx:afterSwap", reveal);
reveal();
