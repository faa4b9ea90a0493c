/* Sliders of a form: <input type="range" data-slides="id"> follows the number field #id and moves it.
   The number alone has a name and is sent. One that carries data-was marks its .slider as .changed
   and shows its own #id-was. Both say "input" and "change" of the number, which is what others hear. */
const says = (field, type) => field.dispatchEvent(new Event(type, { bubbles: true }));

const mark = (number) => {
  if (number.dataset.was === undefined) return;
  const [now, was] = [number.value, number.dataset.was];
  const changed = now !== was && (now === "" || was === "" || Number(now) !== Number(was));
  number.closest(".slider").classList.toggle("changed", changed);
  document.getElementById(`${number.id}-was`).hidden = !changed;
  const said = [`${number.id}-was`, `${number.id}-error`].filter(
    (id) => document.getElementById(id)?.hidden === false,
  );
  if (said.length) number.setAttribute("aria-describedby", said.join(" "));
  else number.removeAttribute("aria-describedby");
};

for (const range of document.querySelectorAll("[data-slides]")) {
  const number = document.getElementById(range.dataset.slides);
  for (const type of ["input", "change"]) {
    range.addEventListener(type, (event) => {
      event.stopPropagation();
      number.value = range.value;
      says(number, type);
    });
  }
  number.addEventListener("input", () => {
    if (number.value !== "" && number.value !== range.value) range.value = number.value;
    mark(number);
  });
}
