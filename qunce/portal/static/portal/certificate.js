/* The button of a certificate: it computes the winners again with `verifyDraw`. */
(function () {
  "use strict";
  var button = document.getElementById("verify"), result = document.getElementById("verified");
  if (!button) { return; }
  button.addEventListener("click", function () {
    // Browsers offer cryptography on secure pages only.
    if (!window.crypto || !crypto.subtle || !window.fetch) {
      result.textContent = button.dataset.impossible;
      return;
    }
    button.disabled = true;
    fetch(button.dataset.file).then(function (response) {
      return response.text();
    }).then(verifyDraw).catch(function () {
      return ["file"];
    }).then(function (wrong) {
      button.disabled = false;
      result.textContent = wrong.length ? button.dataset.wrong + " " + wrong.join(", ") : button.dataset.right;
    });
  });
})();
