// Pictures to send along: chosen, pasted or dropped.

import { announce, byId, make } from "./dom.js";

const KINDS = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const MOST = 4;
const MOST_BYTES = 8 * 2 ** 20;

export class Pictures {
  constructor(onProblem) {
    this.files = [];
    this.onProblem = onProblem;
    this.list = byId("pictures");
    const input = byId("files");
    byId("attach").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
    const composer = byId("composer");
    composer.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) {
        event.preventDefault();
        this.add(event.clipboardData.files);
      }
    });
    composer.addEventListener("dragover", (event) => {
      event.preventDefault();
      composer.classList.add("drop");
    });
    composer.addEventListener("dragleave", () => composer.classList.remove("drop"));
    composer.addEventListener("drop", (event) => {
      event.preventDefault();
      composer.classList.remove("drop");
      this.add(event.dataTransfer.files);
    });
  }

  add(files) {
    this.onProblem("");
    for (const file of files) {
      if (!KINDS.includes(file.type)) {
        this.onProblem(`${file.name} is no PNG, JPEG, GIF or WebP picture.`);
      } else if (file.size > MOST_BYTES) {
        this.onProblem(`${file.name} has more than ${MOST_BYTES / 2 ** 20} MB.`);
      } else if (this.files.length >= MOST) {
        this.onProblem(`At most ${MOST} pictures.`);
      } else {
        this.files.push(file);
        announce(`${file.name} attached`);
      }
    }
    this.draw();
  }

  remove(file) {
    this.files = this.files.filter((each) => each !== file);
    announce(`${file.name} removed`);
    this.draw();
    byId("attach").focus();
  }

  draw() {
    for (const image of this.list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.list.replaceChildren(...this.files.map((file) => make("li", {},
      make("img", { src: URL.createObjectURL(file), alt: file.name }),
      make("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => this.remove(file) }, "×"))));
    this.list.hidden = !this.files.length;
  }

  /** What the server is sent. */
  async encoded() {
    return Promise.all(this.files.map(async (file) => ({ name: file.name, data: await base64(file) })));
  }
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error(`${file.name} cannot be read.`)));
    reader.readAsDataURL(file);
  });
}
