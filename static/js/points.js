/* <a data-takes="0.7"> in a curve presses the button of that value, where there is one. The link
   leads to its row, which is what it does where there is none. */
document.addEventListener("click", (event) => {
  const column = event.target.closest("a[data-takes]");
  if (!column || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const value = CSS.escape(column.dataset.takes);
  const button = document.querySelector(`.points button[value="${value}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
