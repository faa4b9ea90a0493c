/* The list of cases.
   x                    chooses the row that has the focus, or leaves it out; [data-pick-all] all of the page.
   [data-arrange]       its buttons ask first, in words: how many cases and what; then send "confirmed".
   #cases               is swapped when something has changed (live.js). What was chosen stays chosen, the focus
                        stays by its id. Rows that would come, go or move under somebody's hands wait behind
                        [data-show-changes] until they are asked for. */
const WRITES = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit])";

const boxes = () => [...document.querySelectorAll("#cases [name=case]")];
const chosen = () => boxes().filter((box) => box.checked);
const order = (root) =>
  [...root.querySelectorAll("#cases [data-case]")].map((row) => row.dataset.case).join(" ");

const count = () => {
  const [all, picked] = [boxes(), chosen()];
  const words = document.querySelector("[data-chosen]");
  const said = ngettext("%(count)s chosen", "%(count)s chosen", picked.length);
  if (words) words.textContent = interpolate(said, { count: picked.length }, true);
  const whole = document.querySelector("[data-pick-all]");
  if (whole) {
    whole.checked = all.length > 0 && picked.length === all.length;
    whole.indeterminate = picked.length > 0 && picked.length < all.length;
  }
};

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.closest("#cases")) count();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.body.dataset.shortcuts === "off") return;
  if (event.target.closest(WRITES) || document.querySelector("dialog[open]")) return;
  const box = document.activeElement.closest("[data-case]")?.querySelector("[name=case]");
  if (!box) return;
  event.preventDefault();
  box.checked = !box.checked;
  count();
});

const QUESTIONS = {
  assign: (count) =>
    ngettext(
      "%(count)s case will be assigned: %(value)s. You can undo it afterwards.",
      "%(count)s cases will be assigned: %(value)s. You can undo it afterwards.",
      count,
    ),
  move: (count) =>
    ngettext(
      "%(count)s case will be moved to %(value)s. You can undo it afterwards.",
      "%(count)s cases will be moved to %(value)s. You can undo it afterwards.",
      count,
    ),
  label: (count) =>
    ngettext(
      "%(count)s case will be labelled “%(value)s”. You can undo it afterwards.",
      "%(count)s cases will be labelled “%(value)s”. You can undo it afterwards.",
      count,
    ),
  unlabel: (count) =>
    ngettext(
      "%(count)s case will be freed of the label “%(value)s”. You can undo it afterwards.",
      "%(count)s cases will be freed of the label “%(value)s”. You can undo it afterwards.",
      count,
    ),
};
const NEEDS = { assign: "person", move: "to", label: "label", unlabel: "label" };

/* Before dialogs.js, which asks: the question is in the words of what was pressed. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-arrange] [name=act]");
  if (!button) return;
  const form = button.form;
  const field = form.elements[NEEDS[button.value]];
  const picked = chosen().length;
  // What is missing is said by the server, beside the list.
  if (!picked || !field.value) {
    delete form.dataset.confirm;
    return;
  }
  const value = field.selectedOptions?.[0].textContent ?? field.value;
  form.dataset.confirm = interpolate(QUESTIONS[button.value](picked), { count: picked, value }, true);
  if (!form.querySelector("[name=confirmed]")) {
    const confirmed = document.createElement("input");
    Object.assign(confirmed, { type: "hidden", name: "confirmed", value: "yes" });
    form.append(confirmed);
  }
});

/* Enter in the field of the label means the label, not the first button. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-arrange] [name=label]")) return;
  event.preventDefault();
  event.target.form.querySelector("[value=label]").click();
});

const busy = () => {
  const list = document.getElementById("cases");
  return list.matches(":hover") || list.contains(document.activeElement) || chosen().length > 0;
};

let kept = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, requestConfig } = event.detail;
  if (target.id !== "cases" || !event.detail.shouldSwap) return;
  if (requestConfig.triggeringEvent?.type === "live" && busy()) {
    const anew = new DOMParser().parseFromString(xhr.responseText, "text/html");
    if (order(anew) !== order(document)) {
      event.detail.shouldSwap = false;
      document.querySelector("[data-show-changes]").hidden = false;
      return;
    }
  }
  kept = chosen().map((box) => box.value);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "cases") return;
  for (const box of boxes()) box.checked = kept.includes(box.value);
  count();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-show-changes]")) {
    document.getElementById("cases").dispatchEvent(new CustomEvent("show"));
  }
});

/* Escape puts the explanation of a priority away, wherever the pointer is. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const why of document.querySelectorAll(".why:is(:hover, :focus-within)")) {
    why.classList.add("away");
    const back = () => why.classList.remove("away");
    why.addEventListener("pointerleave", back, { once: true });
    why.addEventListener("focusout", back, { once: true });
  }
});

count();
