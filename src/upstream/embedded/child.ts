// The process the embedded model lives in: native code that may crash, and CPU time that must not hold up the gateway.
// It gets its task over the channel to its parent and ends when that channel does, so it never outlives the parent.
import { once } from "node:events";
import { z } from "zod";
import { chatServer } from "./chat-server.ts";
import { loadModel } from "./llama.ts";
import { type ChildReport, ChildTask } from "./messages.ts";

process.once("disconnect", () => {
  process.exit(0);
});

async function work(): Promise<void> {
  const received: unknown = await once(process, "message");
  const [task] = z.tuple([ChildTask]).rest(z.unknown()).parse(received);
  const model = await loadModel(task);
  const server = chatServer(model, task.parallel);
  server.listen(task.socketPath);
  await once(server, "listening");
  report({ kind: "ready", weights: model.weights });
}

function report(message: ChildReport): void {
  process.send?.(message);
}

try {
  await work();
} catch (error) {
  report({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}
