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
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: "Copied.", kind: "ok" } }));
  } catch {
    select(element);
    document.dispatchEvent(
      new CustomEvent("toast", { detail: { text: "Selected: copy it with the keyboard." } }),
    );
  }
});
