// The page's end of a worker: its methods as promises, its frames as they come.
//
// The engine's bytes and the worker's source come from files beside the page, or from inside it where it is one file.

let module = null;
async function engineBytes() {
  const inside = document.getElementById("engine");
  if (!inside) return (await fetch("engine.wasm")).arrayBuffer();
  const packed = Uint8Array.from(atob(inside.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
function makeWorker() {
  const inside = document.getElementById("worker");
  if (!inside) return new Worker("worker.js", { type: "module" });
  return new Worker(URL.createObjectURL(new Blob([inside.textContent], { type: "text/javascript" })));
}

export class Remote {
  // onframe(frame): what the worker shows while it runs.
  constructor(onframe = () => {}) {
    this.onframe = onframe;
    this.waiting = new Map();
    this.next = 1;
    this.frame = null; // to be drawn
    this.owes = false; // the worker the word that it may make another
    this.worker = makeWorker();
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => this.fail(event.message);
    this.ready = (module ??= engineBytes()).then((bytes) => this.send("start", { module: bytes }));
  }
  async ask(method, args) {
    await this.ready;
    return this.send(method, args);
  }
  send(method, args) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, args });
    });
  }
  hear({ id, result, error, frame }) {
    if (frame) return this.take(frame);
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }
  // A frame waits for the screen, and the worker makes the next meanwhile; if that comes too early, it takes the first one's place, and
  // no third is asked for before it is drawn.
  take(frame) {
    const early = this.frame !== null;
    this.frame = { ...this.frame, ...frame };
    if (early) return void (this.owes = true);
    this.worker.postMessage({ next: true });
    requestAnimationFrame(() => {
      const newest = this.frame;
      this.frame = null;
      if (this.owes) this.worker.postMessage({ next: true });
      this.owes = false;
      this.onframe(newest);
    });
  }
  fail(message) {
    for (const { reject } of this.waiting.values()) reject(new Error(message ?? "The engine has stopped."));
    this.waiting.clear();
  }
  end() {
    this.worker.terminate();
  }
}
