"use strict";
// Every page works without this script; it saves a click and greys out what
// cannot be used yet.

// The database chosen on the consent page.
var selectedDatabase = "";

(function () {
  var confirmation = document.getElementById("confirm-form");
  if (confirmation) {
    confirmation.submit();
    return;
  }
  var select = document.getElementById("database-select");
  if (!select) {
    return;
  }
  var form = document.getElementById("consent-form");
  var authorize = document.getElementById("authorize-btn");
  // The field takes over from the list, so that a choice can also be made by
  // other means.
  var field = document.createElement("input");
  field.type = "hidden";
  field.id = "selected-database";
  field.name = "database";
  form.appendChild(field);
  select.removeAttribute("name");
  function choose() {
    selectedDatabase = select.value;
    field.value = selectedDatabase;
    authorize.disabled = selectedDatabase === "";
  }
  select.addEventListener("change", choose);
  form.addEventListener("submit", function () {
    if (field.value === "") {
      field.value = selectedDatabase;
    }
  });
  choose();
})();
