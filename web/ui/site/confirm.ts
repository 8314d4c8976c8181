// confirmLogIn sends the form of the confirmation page without a click. The mailed
// link itself does not log in, because mail programs open links to scan them. After
// the log-in it goes on to the page that follows.
export function confirmLogIn(): void {
  const form = document.querySelector<HTMLFormElement>("form#confirm-form");
  form?.submit();
  const next = document.querySelector<HTMLAnchorElement>("a#continue");
  if (next) {
    location.replace(next.href);
  }
}
