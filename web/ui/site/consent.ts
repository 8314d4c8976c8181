declare global {
  interface Window {
    // The database that is chosen on the consent page, as entity/database. Other
    // scripts may set it, too.
    selectedDatabase: string;
  }
}

// chooseDatabase lets the consent page be sent only after a database is chosen.
export function chooseDatabase(): void {
  const select = document.querySelector<HTMLSelectElement>("#database-select");
  const form = document.querySelector<HTMLFormElement>("#consent-form");
  const authorize = document.querySelector<HTMLButtonElement>("#authorize-btn");
  if (!select || !form || !authorize) {
    return;
  }
  // A hidden field takes the name of the list, so that other scripts can make the
  // choice, too.
  const field = document.createElement("input");
  field.type = "hidden";
  field.id = "selected-database";
  field.name = "database";
  form.append(field);
  select.removeAttribute("name");
  // The last entry of the list leads to the form for a new database.
  const create = new Option("Create a new database…", "+");
  select.append(create);
  const choose = () => {
    if (create.selected) {
      select.value = "";
      document.getElementById("new-database")?.focus();
    }
    window.selectedDatabase = select.value;
    field.value = select.value;
    authorize.disabled = select.value === "";
  };
  select.addEventListener("change", choose);
  form.addEventListener("submit", () => {
    if (field.value === "") {
      field.value = window.selectedDatabase;
    }
  });
  choose();
}
