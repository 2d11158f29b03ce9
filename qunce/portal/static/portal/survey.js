// Hides the questions whose conditions do not hold. Without it, their conditions are written
// beside them, and the server leaves out what does not apply.
(function () {
  "use strict";
  var form = document.querySelector("form.card");
  if (!form) return;
  var parts = form.querySelectorAll("[data-when]");

  function holds(when) {
    var inputs = form.querySelectorAll('[name="' + when.name + '"]');
    for (var i = 0; i < inputs.length; i++) {
      var input = inputs[i];
      if (input.closest("[hidden]")) return false;
      var isChoice = input.type === "radio" || input.type === "checkbox";
      if (isChoice && !input.checked) continue;
      if (when.options.length) {
        if (when.options.indexOf(input.value) >= 0) return true;
        continue;
      }
      var number = parseFloat(input.value);
      if (isNaN(number)) continue;
      if (when.least !== null && number < when.least) continue;
      if (when.most !== null && number > when.most) continue;
      return true;
    }
    return false;
  }

  function update() {
    for (var i = 0; i < parts.length; i++) {
      var note = parts[i].querySelector(".condition");
      if (note) note.hidden = true;
      parts[i].hidden = !holds(JSON.parse(parts[i].getAttribute("data-when")));
    }
  }

  form.addEventListener("input", update);
  form.addEventListener("change", update);
  update();
})();
