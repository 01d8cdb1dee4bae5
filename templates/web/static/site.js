// The browser knows its time zone: choose it in the form, and say when the first edition comes then.
"use strict";
const form = document.querySelector("form.subscribe");
if (form) {
  const { hour, timezone } = form.elements;
  const first = document.getElementById("first");
  const tell = async () => {
    const asked = new URLSearchParams({ hour: hour.value, timezone: timezone.value });
    const answer = await fetch(form.action.replace(/\/subscribe$/, "/first-edition?") + asked);
    if (answer.ok) first.textContent = await answer.text();
  };
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (form.dataset.zone !== "chosen" && [...timezone.options].some((one) => one.value === here)) {
    timezone.value = here;
    tell();
  }
  hour.addEventListener("change", tell);
  timezone.addEventListener("change", tell);
}
