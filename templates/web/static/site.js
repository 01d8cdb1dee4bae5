// The browser knows its time zone: choose it, and say when the first edition comes then.
"use strict";
const form = document.querySelector("form.subscribe");
const lists = document.querySelector("form.trial") ?? form;
if (form && lists.elements.timezone) {
  const { hour, timezone } = lists.elements;
  const first = document.getElementById("first");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isFree = lists.dataset.zone !== "chosen";
  const chosen = () => new URLSearchParams({ hour: hour.value, timezone: timezone.value }).toString();
  const ask = async (choice) => {
    const answer = await fetch(form.action.replace(/\/subscribe$/, "/first-edition?") + choice);
    return answer.ok ? answer.text() : "";
  };
  const tell = async () => {
    // beside a preview the form itself holds the choice unseen
    form.elements.hour.value = hour.value;
    form.elements.timezone.value = timezone.value;
    const asked = chosen();
    const told = await ask(asked);
    // answers may come in another order than the questions
    if (told && asked === chosen()) first.textContent = told;
  };
  const moveHere = async () => {
    // without a list, the answer says whether the site knows the zone
    const told = await ask(new URLSearchParams({ hour: hour.value, timezone: here }).toString());
    if (!told.includes(`(${here})`)) return;
    timezone.value = here;
    first.textContent = told;
  };
  if (isFree && !timezone.options) {
    moveHere();
  } else if (isFree && [...timezone.options].some((one) => one.value === here)) {
    timezone.value = here;
    tell();
  }
  hour.addEventListener("change", tell);
  timezone.addEventListener("change", tell);
}
