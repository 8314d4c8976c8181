// A form with data-partial="ID" is sent without loading the page again: the element
// with this id is replaced by that of the answer, which is the page that the form
// leads to without script.

interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): { createHTML: (text: string) => string };
}

// parse makes a document of a page of this server. Its scripts do not run. The
// security policy of the pages allows this one place to parse HTML.
function parse(html: string): Document {
  const factory = (window as { trustedTypes?: PolicyFactory }).trustedTypes;
  policy ??= factory?.createPolicy("ayb-page", { createHTML: (text) => text });
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
}

let policy: ReturnType<PolicyFactory["createPolicy"]> | undefined;

// fields returns the fields of a form, with those of the button that sends it.
function fields(form: HTMLFormElement, button: HTMLElement | null): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of new FormData(form, button)) {
    if (typeof value === "string") {
      out.append(name, value);
    }
  }
  return out;
}

async function update(form: HTMLFormElement, id: string, button: HTMLElement | null): Promise<void> {
  const body = fields(form, button);
  const reads = form.method === "get";
  const address = new URL(form.action);
  if (reads) {
    address.search = body.toString();
  }
  form.setAttribute("aria-busy", "true");
  const answer = await fetch(address, reads ? {} : { method: "POST", body });
  const page = parse(await answer.text());
  const fresh = page.getElementById(id);
  if (answer.redirected && (!fresh || new URL(answer.url).pathname !== location.pathname)) {
    location.assign(answer.url);
    return;
  }
  form.removeAttribute("aria-busy");
  if (!fresh) { // a page that says what went wrong
    announce(page);
    return;
  }
  const old = document.getElementById(id);
  const focused = old?.contains(document.activeElement);
  old?.replaceWith(document.adoptNode(fresh));
  announce(page);
  const first = fresh.querySelector<HTMLElement>("[autofocus]");
  if (first) {
    first.focus();
  } else if (focused) { // the keyboard goes on from here
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  }
}

// announce shows the notice of a page, and a problem that is not in the part that was
// replaced.
function announce(page: Document): void {
  for (const problem of page.querySelectorAll("main .alert-error[role=alert]")) {
    toast(problem.textContent ?? "", "error");
  }
  const notice = page.querySelector("main > .alert[role=status]");
  if (notice) {
    toast(notice.textContent ?? "");
  }
}

// toast shows a sentence for a few seconds. Screen readers read it out.
export function toast(sentence: string, kind: "success" | "error" = "success"): void {
  const element = document.createElement("p");
  element.className = `alert alert-${kind}`;
  element.textContent = sentence;
  document.getElementById("toasts")?.append(element);
  setTimeout(() => element.remove(), 8000);
}

// partialForms handles the forms of a page, also those that come later.
export function partialForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["partial"] || event.defaultPrevented) {
      return;
    }
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) { // a second click must not do it twice
      return;
    }
    update(form, form.dataset["partial"], event.submitter).catch(() => {
      form.removeAttribute("aria-busy");
      toast("The server did not answer. Check the connection, then try again.", "error");
    });
  });
}
