// The choice of models: a combobox that searches the catalogue, with the chosen ones in front of it.

import { announce, byId, make } from "./dom.js";
import { tokens, usd } from "./figures.js";

const MOST = 4;
const MOST_SHOWN = 80;

export class Picker {
  constructor(onChange) {
    this.models = [];
    this.chosen = [];
    this.options = [];
    this.active = -1;
    this.onChange = onChange;
    this.input = byId("model-search");
    this.list = byId("model-list");
    this.chips = byId("chips");
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    byId("picker").addEventListener("click", (event) => {
      if (event.target === event.currentTarget || event.target === this.chips) this.input.focus();
    });
    // A press on the list must not take the focus from the field, which would close the list.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.list.hidden;
  }

  choose(id) {
    if (this.chosen.includes(id)) {
      this.remove(id);
      return;
    }
    if (this.chosen.length >= MOST) {
      announce(`At most ${MOST} models. Remove one first.`);
      return;
    }
    this.chosen.push(id);
    this.input.value = "";
    this.close();
    announce(`${id} chosen, ${this.chosen.length} of ${MOST}`);
    this.changed();
  }

  remove(id) {
    this.chosen = this.chosen.filter((each) => each !== id);
    announce(`${id} removed`);
    this.changed();
  }

  changed() {
    this.chips.replaceChildren(...this.chosen.map((id, index) => make(`li.chip.series-${index}`, {},
      make("span", {}, id),
      make("button", {
        type: "button",
        "aria-label": `Remove ${id}`,
        onclick: () => { this.remove(id); this.input.focus(); },
      }, "×"))));
    this.input.placeholder = this.chosen.length ? "Add another" : "Search the catalogue";
    if (this.isOpen) this.open();
    this.onChange();
  }

  open() {
    const wanted = this.input.value.trim();
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ id, name, vendor }) => {
      const text = `${id} ${name ?? ""} ${vendor}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const found = this.models.filter(fits);
    this.options = found.slice(0, MOST_SHOWN).map((model) => this.option(model));
    if (wanted && !this.models.some((model) => model.id === wanted)) {
      this.options.push(this.option({ id: wanted }, `Use “${wanted}” as it is typed`));
    }
    const rest = found.length - MOST_SHOWN;
    const more = rest > 0 ? [make("li.rest", { role: "presentation" }, `${rest} more; type to search`)] : [];
    this.list.replaceChildren(...this.options, ...more);
    this.list.hidden = !this.options.length;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
    this.activate(this.options.length && words.length ? 0 : -1);
  }

  option(model, label) {
    const isChosen = this.chosen.includes(model.id);
    const option = make("li", {
      role: "option",
      "aria-selected": String(isChosen),
      "data-id": model.id,
      onclick: () => this.choose(model.id),
    }, make("span.option-id", {}, label ?? model.id));
    if (!label) option.append(make("span.option-about", {}, about(model)));
    return option;
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.activate(-1);
  }

  activate(index) {
    this.options[this.active]?.classList.remove("active");
    this.active = index;
    const option = this.options[index];
    this.options.forEach((each, place) => { each.id = `model-option-${place}`; });
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.classList.add("active");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  key(event) {
    const last = this.options.length - 1;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      event.preventDefault();
      if (!this.isOpen) this.open();
      const next = this.active + moves[event.key];
      this.activate(next < 0 ? last : next > last ? 0 : next);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault(); // Enter chooses here, it does not run
      if (this.isOpen && this.active >= 0) this.choose(this.options[this.active].dataset.id);
    } else if (event.key === "Escape" && this.isOpen) {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.chosen.length) {
      this.remove(this.chosen.at(-1));
    }
  }
}

function about(model) {
  const words = [model.vendor];
  if (model.context) words.push(`${tokens(model.context)} context`);
  if (model.vision) words.push("pictures");
  if (model.reasoning) words.push("reasoning");
  const { input, output } = model.usd;
  if (input !== null && output !== null) words.push(`${usd(input)} in, ${usd(output)} out per M tokens`);
  return words.filter(Boolean).join(" · ");
}
