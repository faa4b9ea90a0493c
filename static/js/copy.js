/* <button data-copies="id"> copies the text of the element, or the value of the field, with that id.
   Where the browser forbids it, the text is selected instead. */
const select = (element) =>
  element.select ? element.select() : getSelection().selectAllChildren(element);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const element = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(element.value ?? element.textContent);
    const detail = { text: gettext("Copied."), kind: "ok" };
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  } catch {
    select(element);
    const detail = { text: gettext("Selected: copy it with the keyboard.") };
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  }
});
