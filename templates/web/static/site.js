// The browser knows its time zone: choose it in the lists, and say when the first edition comes then.
"use strict";
const form = document.querySelector("form.subscribe");
const lists = document.querySelector("form.trial") ?? form;
if (form && lists.elements.timezone) {
  const { hour, timezone } = lists.elements;
  const first = document.getElementById("first");
  const chosen = () => new URLSearchParams({ hour: hour.value, timezone: timezone.value }).toString();
  const tell = async () => {
    // beside a preview the form itself holds the choice unseen
    form.elements.hour.value = hour.value;
    form.elements.timezone.value = timezone.value;
    const asked = chosen();
    const answer = await fetch(form.action.replace(/\/subscribe$/, "/first-edition?") + asked);
    const told = await answer.text();
    // answers may come in another order than the questions
    if (answer.ok && asked === chosen()) first.textContent = told;
  };
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (lists.dataset.zone !== "chosen" && [...timezone.options].some((one) => one.value === here)) {
    timezone.value = here;
    tell();
  }
  hour.addEventListener("change", tell);
  timezone.addEventListener("change", tell);
}
