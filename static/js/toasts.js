/* Toasts: document.dispatchEvent(new CustomEvent("toast", {detail: {text, kind}})), kind one of
   "ok", "warn", "bad" or none. They stand in #toasts, a polite live region; a bad one stays until
   it is closed, the others leave after eight seconds unless the pointer or the focus is on them.
   The close button of any .alert is [data-dismiss]. A server can answer HX-Trigger: {"toast": {…}}. */
const LIFE_MS = 8000;
const region = document.getElementById("toasts");

const show = ({ text, kind }) => {
  const toast = document.createElement("div");
  toast.className = `alert ${kind || ""}`.trim();
  const words = document.createElement("div");
  words.className = "grow";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn quiet small";
  close.dataset.dismiss = "";
  close.textContent = gettext("Close");
  toast.append(words, close);
  region.append(toast);
  if (kind === "bad") return;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, LIFE_MS);
    else toast.remove();
  };
  setTimeout(leave, LIFE_MS);
};

if (region) document.addEventListener("toast", (event) => show(event.detail));

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".alert")?.remove();
});
