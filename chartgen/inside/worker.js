// The worker of the static page: the engine, away from the page's own thread.

import { start } from "./engine.js";

const engine = start((manifests) => postMessage({ manifests }));
engine.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error.message || error) }));

onmessage = async ({ data: { id, body } }) => {
  try {
    postMessage({ id, answer: JSON.parse((await engine)(JSON.stringify(body))) });
  } catch (error) {
    // What neither Python nor the renderer foresaw, such as a stack that is too small, may leave anything behind.
    postMessage({ id, ended: true, answer: { error: String(error.message || error).trim().split("\n").pop() } });
  }
};
