// Builds elements from texts. Nothing here or elsewhere reads markup out of a string: what a model
// writes can only become text.

/**
 * Make an element.
 * @param {string} name tag, with an optional class: "p.hint"
 * @param {object} attributes `on…` are listeners, false and null leave an attribute out
 * @param {...(Node|string)} children
 */
export function make(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Show characters that would be invisible, or turn the text around them. */
export function visible(text) {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, (char) => {
    const code = char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `\u27e8U+${code}\u27e9`;
  });
}

/** Say something to screen readers. */
export function announce(text) {
  byId("status").textContent = text;
}

/** A button that copies a text and says so. */
export function copyButton(label, text) {
  const button = make("button.small", { type: "button" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}
