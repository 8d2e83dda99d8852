// The page: a form that asks, and the answers of one run.

import { Answer, markBest } from "./answer.js";
import { get, run, save } from "./api.js";
import { announce, byId } from "./dom.js";
import { count, seconds } from "./figures.js";
import { Picker } from "./picker.js";
import { Pictures } from "./pictures.js";
import { wireTabs } from "./tabs.js";
import { Wire } from "./wire.js";

const WIRE_EVENTS = new Set(["request", "reply", "data", "failure"]);

const prompt = byId("prompt");
const picker = new Picker(() => showProblem(""));
const pictures = new Pictures(showProblem);
let current = null; // the run that goes on
let shown = null; // the run whose answers are shown

function showProblem(text) {
  const problem = byId("problem");
  problem.textContent = text;
  problem.hidden = !text;
}

class RunView {
  constructor(models) {
    this.abort = new AbortController();
    this.answers = models.map((model, index) => new Answer(model, index));
    const isFormatted = byId("formatted").checked;
    this.wires = models.map((model, index) => new Wire(model, index, isFormatted));
    this.frame = 0;
  }

  /** Take the place of the run before, once the server has begun. */
  show() {
    shown = this;
    byId("answers").replaceChildren(...this.answers.map((answer) => answer.element));
    byId("wire-columns").replaceChildren(...this.wires.map((wire) => wire.element));
    for (const id of ["answers", "wire-columns"]) byId(id).dataset.count = this.answers.length;
    byId("results").hidden = false;
    byId("save").disabled = true;
  }

  take(events) {
    if (shown !== this) this.show();
    for (const event of events) {
      if (WIRE_EVENTS.has(event.type)) this.wires[event.index].take(event);
      else if (event.type === "run") this.id = event.id;
      else this.takeAnswer(this.answers[event.index], event);
    }
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  takeAnswer(answer, event) {
    answer.take(event);
    if (event.type === "done") {
      const { output_tokens: tokens, seconds: time } = event.result;
      announce(`${answer.model} has answered: ${count(tokens)} tokens in ${seconds(time)}`);
    } else if (event.type === "error") {
      announce(`${answer.model} failed: ${event.result.error}`);
    }
  }

  draw() {
    this.frame = 0;
    const scale = Math.max(...this.answers.map((answer) => answer.elapsed));
    for (const answer of this.answers) answer.draw(scale);
    for (const wire of this.wires) wire.draw();
    if (this.answers.some((answer) => answer.isRunning)) {
      this.frame = requestAnimationFrame(() => this.draw());
    }
  }

  async ask(question) {
    try {
      await run(question, this.abort.signal, (events) => this.take(events));
    } finally {
      for (const answer of this.answers) if (answer.isRunning) answer.stop();
      cancelAnimationFrame(this.frame);
      if (shown === this) this.draw();
      markBest(this.answers);
      byId("save").disabled = !shown?.id;
    }
  }
}

async function question() {
  const text = (id) => byId(id).value;
  const number = (id) => (text(id) === "" ? null : Number(text(id)));
  return {
    models: picker.chosen,
    prompt: text("prompt"),
    system: text("system"),
    pictures: await pictures.encoded(),
    tools: tools(text("tools")),
    temperature: number("temperature"),
    max_tokens: number("max-tokens"),
  };
}

function tools(text) {
  if (!text.trim()) return [];
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`Tools: ${error.message}`);
  }
  return Array.isArray(parsed) ? parsed : [parsed];
}

async function start() {
  if (current) return;
  showProblem("");
  if (!picker.chosen.length) return refuse("Choose a model first.", picker.input);
  if (!prompt.value.trim() && !pictures.files.length) return refuse("Write a prompt first.", prompt);
  try {
    const asked = await question();
    current = new RunView(asked.models);
    setRunning(true);
    announce(`Asking ${asked.models.length === 1 ? asked.models[0] : `${asked.models.length} models`}`);
    await current.ask(asked);
    announce("All answers are complete.");
  } catch (error) {
    if (error.name === "AbortError") announce("Stopped.");
    else showProblem(error.message);
  } finally {
    current = null;
    setRunning(false);
  }
}

function refuse(text, field) {
  showProblem(text);
  field.focus();
}

function stop() {
  current?.abort.abort();
}

function setRunning(isRunning) {
  const { run: runButton, stop: stopButton } = { run: byId("run"), stop: byId("stop") };
  const hadFocus = [runButton, stopButton].includes(document.activeElement);
  runButton.hidden = isRunning;
  stopButton.hidden = !isRunning;
  if (hadFocus) (isRunning ? stopButton : runButton).focus();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    start();
  } else if (event.key === "Escape") {
    stop();
  }
});
byId("save").addEventListener("click", async () => {
  try {
    await save(`report/${shown.id}`);
    announce("The report is saved.");
  } catch (error) {
    showProblem(error.message);
  }
});
byId("formatted").addEventListener("change", (event) => {
  for (const wire of shown?.wires ?? []) wire.format(event.target.checked);
});
wireTabs(document.querySelector('[role="tablist"]'));

async function load() {
  try {
    const [about, models] = await Promise.all([get("about"), get("models")]);
    byId("place").textContent = about.address;
    byId("sandbox").hidden = !about.sandbox;
    picker.models = models;
    for (const id of about.models) picker.choose(id);
    announce("");
  } catch (error) {
    showProblem(error.message);
  }
}

load();
