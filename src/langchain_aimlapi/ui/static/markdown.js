// Shows the little Markdown that answers use: paragraphs, headings, lists, quotes, fenced code, and
// within a line code, bold and italic. Links, pictures and HTML stay text as the model wrote them.
//
// An answer grows by thousands of chunks. Blocks that are complete are left alone, and only those
// since the last blank line are built anew.

import { make, visible } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,}\s*$/;
const TABLE_RULE = /^ {0,3}\|?( *:?-+:? *\|)+( *:?-+:? *)?$/;
const INLINE = /(`+)([\s\S]+?)\1(?!`)|\*\*(?=\S)([\s\S]+?\S)\*\*|\*(?=[^\s*])([^*\n]*?[^\s*])\*(?!\*)/g;

const MOST_OPEN = 50_000; // characters that are built anew with each chunk
const MOST_INLINE = 20_000; // characters of one block that are searched for bold, italic and code

export class Markdown {
  constructor(container) {
    this.container = container;
    this.open = "";
    this.openNodes = [];
  }

  add(text) {
    this.open += text;
    for (const node of this.openNodes) node.remove();
    let [end, fence] = lastBoundary(this.open);
    if (!end && this.open.length > MOST_OPEN) end = this.open.lastIndexOf("\n") + 1 || MOST_OPEN;
    else fence = "";
    if (end > 0) {
      this.container.append(...blocks(this.open.slice(0, end)));
      this.open = (fence && `${fence}\n`) + this.open.slice(end);
    }
    this.openNodes = blocks(this.open);
    this.container.append(...this.openNodes);
  }
}

/** Where the last blank line ends that stands outside of a code block, and the fence still open. */
function lastBoundary(text) {
  let fence = "";
  let boundary = 0;
  let position = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    position += line.length + 1;
    fence = nextFence(fence, line);
    if (!fence && !line.trim()) boundary = position;
  }
  return [boundary, fence];
}

function nextFence(fence, line) {
  const found = FENCE.exec(line);
  if (!fence) return found ? found[1] : "";
  return found && found[1].startsWith(fence) && !found[2] ? "" : fence;
}

function blocks(text) {
  const lines = visible(text).split("\n");
  const built = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = block(lines, at);
    if (node) built.push(node);
    at = next;
  }
  return built;
}

function block(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  if (FENCE.test(line)) return code(lines, at);
  if (RULE.test(line)) return [make("hr"), at + 1];
  const heading = HEADING.exec(line);
  if (heading) {
    const level = Math.min(6, heading[1].length + 3);
    return [make(`h${level}`, { dir: "auto" }, ...inline(heading[2])), at + 1];
  }
  if (ITEM.test(line)) return list(lines, at);
  if (line.startsWith(">")) return quote(lines, at);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at);
}

function code(lines, at) {
  const [, fence, language] = FENCE.exec(lines[at]);
  let end = at + 1;
  while (end < lines.length && nextFence(fence, lines[end])) end += 1;
  const pre = make("pre", { tabindex: "0", role: "group", "aria-label": `Code ${language}`.trim() });
  pre.append(make("code", {}, lines.slice(at + 1, end).join("\n")));
  return [pre, end + 1];
}

function list(lines, at) {
  const ordered = /^\s*\d/.test(lines[at]);
  const outer = indent(lines[at]);
  const items = [];
  let end = at;
  while (end < lines.length && lines[end].trim()) {
    const found = ITEM.exec(lines[end]);
    if (found && indent(lines[end]) > outer + 1) {
      const [inner, next] = list(lines, end);
      (items.at(-1) ?? inner).append(inner);
      end = next;
      continue;
    }
    if (found && (indent(lines[end]) < outer || /^\s*\d/.test(lines[end]) !== ordered)) break;
    if (!found && indent(lines[end]) <= outer) break;
    if (found) items.push(make("li", { dir: "auto" }, ...inline(found[3])));
    else items.at(-1).append("\n", ...inline(lines[end].trim()));
    end += 1;
  }
  const start = ordered ? Number.parseInt(lines[at].trim(), 10) : 1;
  return [make(ordered ? "ol" : "ul", { start: start === 1 ? null : start }, ...items), end];
}

const indent = (line) => line.length - line.trimStart().length;

function quote(lines, at) {
  let end = at;
  while (end < lines.length && lines[end].startsWith(">")) end += 1;
  const text = lines.slice(at, end).map((line) => line.replace(/^> ?/, "")).join("\n");
  return [make("blockquote", { dir: "auto" }, ...inline(text)), end];
}

function table(lines, at) {
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const row = (line, kind) => make("tr", {}, ...cells(line).map((cell) => make(kind, { dir: "auto" }, ...inline(cell))));
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  const built = make("table", {}, make("thead", {}, row(lines[at], "th")), make("tbody", {}, ...body));
  return [make("div.table", { tabindex: "0", role: "group", "aria-label": "Table" }, built), end];
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function paragraph(lines, at) {
  let end = at + 1;
  const ends = (line) => !line.trim() || [FENCE, HEADING, ITEM].some((kind) => kind.test(line));
  while (end < lines.length && !ends(lines[end])) end += 1;
  return [make("p", { dir: "auto" }, ...inline(lines.slice(at, end).join("\n"))), end];
}

function inline(text) {
  if (text.length > MOST_INLINE) return [text];
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) parts.push(text.slice(at, found.index));
    if (found[1]) parts.push(make("code", {}, found[2]));
    else if (found[3]) parts.push(make("strong", {}, ...inline(found[3])));
    else parts.push(make("em", {}, ...inline(found[4])));
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
