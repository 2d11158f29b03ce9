// Reports a file that is too large before it is sent, and shows the progress of the upload.
// Without this script the form works too, but shows no progress.

const form = document.querySelector("[data-upload]");
const input = form?.querySelector("input[type=file]");
const error = form?.querySelector("[data-error]");
const meter = form?.querySelector("[data-progress]");

function checkSize() {
  const file = input.files[0];
  const isTooLarge = file && file.size > Number(form.dataset.maxSize);
  error.hidden = !isTooLarge;
  error.textContent = isTooLarge ? form.dataset.tooLarge : "";
  return file && !isTooLarge;
}

input?.addEventListener("change", checkSize);

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!checkSize()) return;
  const request = new XMLHttpRequest();
  const bar = meter.querySelector("progress");
  const button = form.querySelector("button[type=submit]");
  meter.hidden = false;
  button.disabled = true;
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = event.loaded / event.total;
    if (event.loaded === event.total) bar.removeAttribute("value");
  });
  request.addEventListener("load", () => showResponse(request));
  request.addEventListener("error", () => form.submit());
  request.open("POST", form.action || location.href);
  request.send(new FormData(form));
});

// The request has followed any redirect, so go to its URL. Of an error page show the notice.
function showResponse(request) {
  if (request.status < 400) {
    location.assign(request.responseURL);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const notice = page.querySelector("[role=alert]");
  meter.hidden = true;
  form.querySelector("button[type=submit]").disabled = false;
  error.hidden = false;
  error.textContent = notice?.textContent ?? request.statusText;
}
