// What went over the wire for one model: each request as it was sent, its reply, its events.

import { copyButton, make, visible } from "./dom.js";
import { seconds } from "./figures.js";

const MOST_EVENTS = 5000;
const IN_A_LIST = 50; // lists that are out of sight are not laid out

export class Wire {
  constructor(model, index, isFormatted) {
    this.isFormatted = isFormatted;
    this.attempts = new Map();
    this.queue = [];
    this.texts = []; // [element, text as sent], to be written anew when the format changes
    this.element = make(`article.card.series-${index}`, { "aria-label": `Wire of ${model}` },
      make("header", {}, make("h2", {}, model)));
  }

  take(event) {
    this.queue.push(event);
  }

  draw() {
    const queue = this.queue;
    this.queue = [];
    for (const event of queue) {
      if (event.type === "request") this.request(event);
      else if (event.type === "reply") this.reply(event);
      else if (event.type === "data") this.data(event);
      else this.failure(event);
    }
  }

  request(event) {
    const path = shownPath(event.url);
    const status = make("span.status", {}, "…");
    const head = make("summary", {}, make("span.method", {}, event.method), " ",
      make("span.path", { title: visible(event.url) }, visible(path)), " ", status);
    const events = make("div.events", { tabindex: "0", role: "group", "aria-label": "Events" });
    const reply = make("div.reply", { hidden: true });
    const body = this.code(event.body, "Request body");
    const element = make("details.attempt", { open: true }, head,
      make("div.part-head", {}, make("h3", {}, "Request"), copyButton("Copy as curl", () => curl(event))),
      headers("Request headers", event.headers), body, reply);
    for (const earlier of this.attempts.values()) earlier.element.open = false;
    this.attempts.set(event.attempt, { status, events, reply, count: 0, element });
    this.element.append(element);
  }

  reply(event) {
    const attempt = this.attempts.get(event.attempt);
    attempt.status.textContent = event.status;
    attempt.status.classList.add(event.status < 400 ? "good" : "bad");
    attempt.counter = make("span.hint", {}, "nothing yet");
    attempt.title = make("h3", {}, "Body");
    attempt.reply.hidden = false;
    attempt.reply.append(
      make("div.part-head", {}, make("h3", {}, "Reply"),
        make("span.hint", {}, `head after ${seconds(event.seconds)}`)),
      headers("Reply headers", event.headers),
      make("div.part-head", {}, attempt.title, attempt.counter),
      attempt.events);
  }

  data(event) {
    const attempt = this.attempts.get(event.attempt);
    attempt.count += 1;
    attempt.counter.textContent = `${attempt.count.toLocaleString("en")}, the last after ${seconds(event.seconds)}`;
    if (attempt.count > MOST_EVENTS) {
      if (attempt.count === MOST_EVENTS + 1) {
        attempt.list.append(make("li", {}, make("span"), `More than ${MOST_EVENTS} events; the rest is not shown.`));
      }
      return;
    }
    const text = event.text.replace(/(\r\n|\r|\n)+$/, "");
    const isComment = text.startsWith(":");
    if (/^(:|data|event|id|retry)/.test(text)) attempt.title.textContent = "Events";
    if (attempt.count % IN_A_LIST === 1) {
      attempt.list = make("ol", { start: attempt.count });
      attempt.events.append(attempt.list);
    }
    attempt.list.append(make(isComment ? "li.comment" : "li", {},
      make("time", {}, `+${event.seconds.toFixed(3)}`), this.written(make("code"), text)));
  }

  failure(event) {
    const attempt = this.attempts.get(event.attempt);
    attempt.status.textContent = "failed";
    attempt.status.classList.add("bad");
    attempt.element.append(make("p.trouble", {}, `After ${seconds(event.seconds)}: ${visible(event.message)}`));
  }

  code(text, label) {
    return make("pre", { tabindex: "0", role: "group", "aria-label": label },
      this.written(make("code"), text));
  }

  written(element, text) {
    this.texts.push([element, text]);
    element.textContent = this.shown(text);
    return element;
  }

  shown(text) {
    return visible(this.isFormatted ? formatted(text) : text);
  }

  format(isFormatted) {
    this.isFormatted = isFormatted;
    for (const [element, text] of this.texts) element.textContent = this.shown(text);
  }
}

function headers(label, named) {
  return make("details.headers", {}, make("summary", {}, label),
    make("dl", {}, ...Object.entries(named).map(([name, value]) =>
      make("div", {}, make("dt", {}, visible(name)), make("dd", {}, visible(value))))));
}

function shownPath(url) {
  try {
    return new URL(url).pathname;
  } catch {
    return url;
  }
}

/** JSON with line breaks. Events of a stream, and what else is no JSON, stay as they are. */
function formatted(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function curl({ method, url, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const kept = Object.entries(headers).filter(([name]) => /^(content-type|accept)$/i.test(name));
  const isShortened = /more characters of base64\]/.test(body);
  return (isShortened ? "# The base64 below is shortened.\n" : "") + [
    `curl -N -X ${method} ${quoted(url)}`,
    '-H "Authorization: Bearer $AIMLAPI_API_KEY"',
    ...kept.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body ? [`--data-raw ${quoted(body)}`] : []),
  ].join(" \\\n  ");
}
