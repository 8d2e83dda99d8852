// Talks to the server that this page came from. All addresses are relative, so the token goes along.

/** Wait for something of the network; if it fails there, the server has ended. */
async function reached(waiting) {
  try {
    return await waiting;
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error("The server has ended.");
  }
}

async function failure(response) {
  try {
    return new Error((await response.json()).error);
  } catch {
    return new Error(`The server answered ${response.status}.`);
  }
}

export async function get(path) {
  const response = await reached(fetch(`api/${path}`));
  if (!response.ok) throw await failure(response);
  return response.json();
}

/** Save what is at an address as a file, under the name that the server gives it. */
export async function save(path) {
  const response = await reached(fetch(`api/${path}`));
  if (!response.ok) throw await failure(response);
  const [, name] = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Ask, and hand over the events as they come, many at a time.
 * @param {object} question
 * @param {AbortSignal} signal ends the calls on the server, too
 * @param {(events: object[]) => void} onEvents
 */
export async function run(question, signal, onEvents) {
  const response = await reached(fetch("api/run", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
    signal,
  }));
  if (!response.ok) throw await failure(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reached(reader.read());
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    if (lines.length) onEvents(lines.map((line) => JSON.parse(line)));
  }
}
