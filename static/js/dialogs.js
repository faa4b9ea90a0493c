/* Dialogs, from markup alone.
   data-opens="id"       on a button: opens <dialog id> as a modal; the browser keeps and returns focus, to the
                         button where nothing had it.
   data-closes           on a button inside: closes its dialog. Escape does too.
   data-confirm="text"   on a <form>: asks before it is sent, in <dialog id="confirm"> (components/confirm.html).
   htmx's own hx-confirm is shown in the same dialog. */
const FIELD = "input:not([type=hidden], [type=checkbox]), select, textarea";
const ask = document.getElementById("confirm");

const question = (text, proceed) => {
  if (!ask) {
    if (window.confirm(text)) proceed();
    return;
  }
  ask.querySelector("[data-question]").textContent = text;
  ask.returnValue = "";
  ask.addEventListener("close", () => ask.returnValue === "yes" && proceed(), { once: true });
  ask.showModal();
};

// One begins at the first thing to fill in; where there is none, the browser chooses.
const open = (dialog, opener) => {
  if (document.activeElement === document.body) opener.focus({ preventScroll: true });
  dialog.showModal();
  dialog.querySelector(`:checked:not(option), ${FIELD}`)?.focus();
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog) open(dialog, opener);
    return;
  }
  if (event.target.closest("[data-closes]")) {
    event.target.closest("dialog")?.close();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  question(form.dataset.confirm, () => {
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  });
}, true);

document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  question(event.detail.question, () => event.detail.issueRequest(true));
});
