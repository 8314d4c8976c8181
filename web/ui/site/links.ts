// postLinks makes links with data-post send a form in place of opening a page that
// asks.
export function postLinks(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-post]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const form = document.createElement("form");
      form.method = "post";
      form.action = link.href;
      document.body.append(form);
      form.submit();
    });
  }
}
