// A search field for pages of long tables: <div class="table-filter" data-hint="…"></div>.
// Rows that do not hold every word are hidden, and so are sections of which no row is left.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector(".table-filter");
  if (!place) return;
  const sections = sectionsAfter(place);
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = place.dataset.hint || "Filter";
  field.setAttribute("aria-label", field.placeholder);
  const count = document.createElement("output");
  place.append(field, count);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = sections.reduce((sum, section) => sum + filter(section, words), 0);
    count.value = words.length ? `${shown} ${shown === 1 ? "row" : "rows"}` : "";
  });
});

function sectionsAfter(place) {
  const sections = [];
  for (let node = place.nextElementSibling; node; node = node.nextElementSibling) {
    if (node.tagName === "H2") sections.push([]);
    if (sections.length) sections[sections.length - 1].push(node);
  }
  return sections;
}

function filter(nodes, words) {
  const heading = nodes[0].textContent.toLowerCase();
  let shown = 0;
  for (const node of nodes) {
    for (const row of node.querySelectorAll("tbody tr")) {
      const text = `${heading} ${row.textContent.toLowerCase()}`;
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
  }
  const text = nodes.map((node) => node.textContent).join(" ").toLowerCase();
  const bare = !nodes.some((node) => node.querySelector("tbody tr"));
  const hidden = bare ? !words.every((word) => text.includes(word)) : shown === 0;
  for (const node of nodes) node.hidden = hidden;
  return shown;
}
