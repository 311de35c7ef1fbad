"use strict";
(() => {
  const races = [...document.querySelectorAll("details.race")];
  const packages = document.getElementById("package");
  const tests = document.getElementById("test");
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  let details = null;

  // What a race opens to becomes part of the page when it is wanted.
  const fill = (race) => {
    const place = race.querySelector(":scope > .detail");
    if (place.firstChild) return;
    details ??= JSON.parse(document.getElementById("details").textContent);
    place.innerHTML = details[races.indexOf(race)];
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches("details.race")) fill(event.target);
  }, true);

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (list, value) => value === "" || list.split(" ").includes(value);
    let count = 0;
    for (const race of races) {
      const text = race.firstElementChild.textContent.toLowerCase();
      const fits = has(race.dataset.packages, packages.value)
        && has(race.dataset.tests, tests.value)
        && wanted.every((word) => text.includes(word));
      race.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${races.length} shown`;
    nothing.hidden = count > 0;
  };
  for (const field of [packages, tests, words]) field.addEventListener("input", filter);
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

  // Arrows go from race to race, a slash to the words.
  const step = (from, by) => {
    const list = races.filter((race) => !race.hidden);
    const next = list[list.indexOf(from) + by];
    if (next) next.firstElementChild.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.matches("input, select");
    const race = event.target.closest("details.race");
    if (event.key === "/" && !typing) words.focus();
    else if (event.key === "Escape" && event.target === words) { words.value = ""; filter(); }
    else if (event.key === "ArrowDown" && race && event.target === race.firstElementChild) step(race, 1);
    else if (event.key === "ArrowUp" && race && event.target === race.firstElementChild) step(race, -1);
    else return;
    event.preventDefault();
  });

  const asked = document.getElementById(location.hash.slice(1));
  const first = asked && asked.matches("details.race") ? asked : races[0];
  first.open = true;
  fill(first);
  if (asked) first.scrollIntoView();
})();
