/* Return in a text field of .asked asks for the figures; in the form that it belongs to it would save. */
for (const field of document.querySelectorAll(".asked input")) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
