"use strict";
// What the page can do beyond being read: tips, arrow keys among marks, sorting, filtering, switching, dark and light.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Light or dark: the system's choice till the button is pressed.
const theme = document.getElementById("theme");
const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const name = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `${theme.textContent} colours`); };
theme.hidden = false;
theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
name();

// The tip: of the mark under the pointer, or of the one that has the keyboard's focus.
const tip = document.getElementById("tip");
let told = null;  // the mark that the tip belongs to
function hide() { told = null; tip.classList.remove("shown"); }
function show(mark) {
  told = mark;
  tip.textContent = mark.getAttribute("aria-label");
  tip.classList.add("shown");
  place();
}
function place() {  // above the mark, or below it where there is no room
  if (!told) return;
  const at = told.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const right = document.documentElement.clientWidth - own.width - 8, above = at.top - own.height - 8;
  const x = Math.max(8, Math.min(at.left + at.width / 2 - own.width / 2, right));
  tip.style.transform = `translate(${x}px, ${above > 8 ? above : at.bottom + 8}px)`;
}
addEventListener("scroll", place, { passive: true });
addEventListener("resize", place);
for (const picture of all("svg[role=group]")) {
  const marks = all(".mark", picture);
  for (const mark of marks) {
    mark.querySelector("title").remove();  // the browser's own tip would stand beside ours
    mark.setAttribute("tabindex", "-1");
  }
  marks[0]?.setAttribute("tabindex", "0");  // one stop for the tab key, the arrows do the rest
  const byPlace = () => marks.filter(mark => !mark.classList.contains("off"))
    .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left);
  picture.addEventListener("pointerover", event => { const mark = event.target.closest(".mark"); mark ? show(mark) : hide(); });
  picture.addEventListener("pointerleave", hide);
  picture.addEventListener("click", event => { const mark = event.target.closest(".mark"); if (mark) show(mark); });
  picture.addEventListener("focusin", event => {
    if (!event.target.classList.contains("mark")) return;
    marks.forEach(mark => mark.setAttribute("tabindex", mark === event.target ? "0" : "-1"));
    show(event.target);
  });
  picture.addEventListener("focusout", hide);
  picture.addEventListener("keydown", event => {
    if (event.key === "Escape") return hide();
    const ordered = byPlace(), here = ordered.indexOf(event.target);
    const next = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: ordered.length - 1 }[event.key];
    if (next === undefined || here < 0) return;
    event.preventDefault();
    ordered[Math.min(Math.max(next, 0), ordered.length - 1)].focus();
  });
}

// The legend shows and hides families, in the wide picture and in the narrow one.
for (const button of all("[data-switch]")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    all(`[data-group="${button.dataset.switch}"]`, button.closest("section")).forEach(mark => mark.classList.toggle("off", !on));
  });
}

// Sorting: numbers by their values, the largest first; texts by the alphabet; what has no value comes last.
for (const table of all("table.sortable")) {
  const body = table.tBodies[0], heads = all("thead th", table);
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const number = head.classList.contains("number"), before = head.getAttribute("aria-sort");
    const order = before === "none" ? (number ? "descending" : "ascending") : before === "ascending" ? "descending" : "ascending";
    heads.forEach(other => other.setAttribute("aria-sort", other === head ? order : "none"));
    const sign = order === "ascending" ? 1 : -1;
    const key = row => number ? row.cells[column].dataset.value : row.cells[column].textContent;
    const rows = [...body.rows].map(row => [key(row), row]);
    rows.sort(([a], [b]) => {
      if (!number) return sign * a.localeCompare(b, "en", { numeric: true });
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return sign * (a - b);
    });
    body.append(...rows.map(([, row]) => row));
  }));
}

// Filtering: every word must be in the row, and the family must be the chosen one.
for (const form of all("form.filter")) {
  const rows = [...document.getElementById(form.dataset.for).tBodies[0].rows];
  const texts = rows.map(row => row.textContent.toLowerCase()), [search] = all("input", form), [family] = all("select", form);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, i) => {
      row.hidden = !words.every(word => texts[i].includes(word)) || (family.value !== "" && row.cells[1].textContent !== family.value);
    });
    form.querySelector("output").textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", event => event.preventDefault());
  filter();
}
addEventListener("beforeprint", () => all("details").forEach(part => { part.dataset.was = part.open; part.open = true; }));
addEventListener("afterprint", () => all("details").forEach(part => { part.open = part.dataset.was === "true"; }));
