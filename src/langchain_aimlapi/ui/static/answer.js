// One model's answer while it streams: a card with figures, reasoning, text and tool calls.

import { copyButton, make, visible } from "./dom.js";
import { count, rate, seconds, usd } from "./figures.js";
import { Markdown } from "./markdown.js";

const FIGURES = [
  ["ttft", "First token", seconds],
  ["tokens_per_second", "Tokens/s", rate],
  ["seconds", "Time", seconds],
  ["usd", "USD", usd],
  ["tokens", "Tokens", (value) => value ?? "–"],
];

export class Answer {
  constructor(model, index) {
    this.model = model;
    this.state = "waiting";
    this.figures = {};
    this.raw = "";
    this.began = performance.now();
    this.first = null;
    this.pending = { text: "", reasoning: "" };
    this.calls = new Map();
    this.build(index);
  }

  build(index) {
    const name = `answer-${index}`;
    this.state_text = make("span.state", {}, "waiting");
    this.values = Object.fromEntries(FIGURES.map(([key]) => [key, make("dd", {}, "–")]));
    this.bar = make("div.bar-fill");
    this.wait = make("div.bar-wait");
    this.served = make("p.hint", { hidden: true });
    this.reasoningText = make("div.reasoning-text", { dir: "auto" });
    this.reasoningLabel = make("span", {}, "Reasoning");
    this.reasoning = make("details.reasoning", { hidden: true },
      make("summary", {}, this.reasoningLabel), this.reasoningText);
    this.text = make("div.text");
    this.toolCalls = make("div.tool-calls");
    this.trouble = make("p.trouble", { hidden: true });
    this.footer = make("footer", {}, make("span.hint"));
    this.element = make(`article.card.series-${index}`, { "aria-labelledby": name, "aria-busy": "true" },
      make("header", {},
        make("h2", { id: name }, this.model), this.state_text),
      make("div.timeline", { "aria-hidden": "true" }, this.wait, this.bar),
      make("dl.figures", {}, ...FIGURES.map(([key, label]) =>
        make("div", {}, make("dt", {}, label), this.values[key]))),
      this.served, this.reasoning, this.text, this.toolCalls, this.trouble, this.footer);
    this.markdown = new Markdown(this.text);
  }

  /** Take one event of the run. */
  take(event) {
    if (event.type === "text" || event.type === "reasoning") {
      this.pending[event.type] += event.text;
      if (event.type === "text") this.raw += event.text;
      this.begin(event.type === "text" ? "answering" : "reasoning");
    } else if (event.type === "tool") {
      this.addCall(event);
      this.begin("calling a tool");
    } else if (event.type === "done") {
      this.end("done", event.result);
    } else if (event.type === "error") {
      this.end("failed", event.result);
    }
  }

  begin(state) {
    this.first ??= performance.now();
    this.state = state;
  }

  addCall({ call, name, args }) {
    const key = call ?? this.calls.size;
    const known = this.calls.get(key) ?? { name: "", args: "" };
    this.calls.set(key, { name: name || known.name, args: known.args + args });
  }

  /** Show what came since the last frame. */
  draw(scale) {
    if (this.pending.reasoning) {
      this.reasoning.hidden = false;
      this.reasoningText.append(visible(this.pending.reasoning));
      const words = this.reasoningText.textContent.trim().split(/\s+/).length;
      this.reasoningLabel.textContent = `Reasoning, ${words.toLocaleString("en")} words`;
    }
    if (this.pending.text) this.markdown.add(this.pending.text);
    this.pending = { text: "", reasoning: "" };
    if (this.calls.size) this.drawCalls();
    if (this.isRunning) this.drawTimes();
    this.drawTimeline(scale);
    if (this.state_text.textContent !== this.state) this.state_text.textContent = this.state;
  }

  drawCalls() {
    const shown = [...this.calls.values()].map(({ name, args }) => make("div.tool-call", {},
      make("h3", {}, "Tool call ", make("code", {}, visible(name))),
      make("pre", { tabindex: "0", role: "group", "aria-label": "Arguments" },
        make("code", {}, visible(pretty(args))))));
    this.toolCalls.replaceChildren(...shown);
  }

  drawTimes() {
    this.values.seconds.textContent = seconds((performance.now() - this.began) / 1000);
    if (this.first) this.values.ttft.textContent = seconds((this.first - this.began) / 1000);
  }

  drawTimeline(scale) {
    const total = this.isRunning ? (performance.now() - this.began) / 1000 : this.figures.seconds ?? 0;
    const first = this.figures.ttft ?? (this.first ? (this.first - this.began) / 1000 : total);
    const part = (value) => `${Math.min(100, (100 * value) / Math.max(scale, 0.001))}%`;
    this.wait.style.inlineSize = part(Math.min(first, total));
    this.bar.style.inlineSize = part(Math.max(0, total - first));
  }

  get isRunning() {
    return this.element.getAttribute("aria-busy") === "true";
  }

  get elapsed() {
    return this.isRunning ? (performance.now() - this.began) / 1000 : this.figures.seconds ?? 0;
  }

  stop() {
    this.end("stopped", { ...this.figures, seconds: (performance.now() - this.began) / 1000 });
  }

  end(state, figures) {
    if (!this.isRunning) return;
    this.state = state;
    this.figures = figures;
    this.element.setAttribute("aria-busy", "false");
    this.element.classList.add(state);
    const tokens = figures.output_tokens == null ? null
      : `${count(figures.input_tokens)} → ${count(figures.output_tokens)}`;
    for (const [key, , format] of FIGURES) {
      const value = key === "tokens" ? tokens : figures[key];
      if (value !== undefined) this.values[key].textContent = format(value);
    }
    if (figures.served_by && figures.served_by !== this.model) {
      this.served.textContent = `Served by ${visible(figures.served_by)}`;
      this.served.hidden = false;
    }
    if (figures.error) {
      this.trouble.textContent = visible(figures.error);
      this.trouble.hidden = false;
    }
    this.drawFooter(figures);
  }

  drawFooter(figures) {
    const words = [];
    if (figures.finish_reason) words.push(`finish reason ${visible(figures.finish_reason)}`);
    if (figures.other_content?.length) words.push(`also holds: ${visible(figures.other_content.join(", "))}`);
    if (figures.reasoning_tokens) words.push(`${count(figures.reasoning_tokens)} tokens of reasoning`);
    this.footer.firstChild.textContent = words.join(" · ");
    this.footer.hidden = !words.length && !this.raw;
    if (this.raw) this.footer.append(copyButton("Copy answer", () => this.raw));
  }

  /** Mark a figure as the best of all. */
  markBest(key) {
    this.values[key].classList.add("best");
    this.values[key].append(make("span.unseen", {}, " (best)"));
  }
}

/** Mark the best of several answers: first to answer, fastest, cheapest. */
export function markBest(answers) {
  const done = answers.filter((answer) => answer.state === "done");
  if (done.length < 2) return;
  const better = { ttft: Math.min, tokens_per_second: Math.max, usd: Math.min };
  for (const [key, best] of Object.entries(better)) {
    const values = done.map((answer) => answer.figures[key]);
    if (values.some((value) => value == null) || new Set(values).size < 2) continue;
    const winner = done.find((answer) => answer.figures[key] === best(...values));
    winner.markBest(key);
  }
}

function pretty(args) {
  try {
    return JSON.stringify(JSON.parse(args), null, 2);
  } catch {
    return args;
  }
}
