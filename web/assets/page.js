"use strict";
// Every page works without this script. It sends the confirmation form without a
// click, and disables the button of the consent page until a database is chosen.

// The database that is chosen on the consent page.
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
  // A hidden field takes the name of the list, so that other scripts can make
  // the choice too.
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
