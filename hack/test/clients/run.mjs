// Plays every case with every client against the assistant at PLIMSOLL_URL, and prints one JSON line a case: what the
// client got, and how many calls reached the stand-in at FAKE_URL meanwhile. clients_test.go holds them to what is right.
import { aiSDK } from "./aisdk.mjs";
import { langChain } from "./langchain.mjs";
import { llamaIndex } from "./llamaindex.mjs";
import { openAINode } from "./openainode.mjs";

const fake = process.env.FAKE_URL;

async function ledger() {
  const response = await fetch(fake + "/ledger");
  return response.json();
}

// settled waits until no call of the stand-in is under way: an abort takes a moment to get there.
async function settled() {
  for (let i = 0; i < 200; i++) {
    const l = await ledger();
    const errors = Object.values(l.errors ?? {}).reduce((a, b) => a + b, 0);
    if (l.requests === l.answers + l.blocked + l.truncated + l.cancelled + errors) return l;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("a call of the stand-in does not end");
}

const options = { baseURL: process.env.PLIMSOLL_URL + "/v1", apiKey: process.env.PLIMSOLL_KEY, model: process.env.MODEL };

for (const [client, cases] of Object.entries({
  "openai-node": openAINode(options),
  LangChain: langChain(options),
  "AI SDK": aiSDK(options),
  LlamaIndex: llamaIndex(options),
})) {
  for (const [name, run] of Object.entries(cases)) {
    const before = await settled();
    const result = { client, case: name };
    try {
      result.got = await run();
    } catch (e) {
      const cause = e.lastError ?? e;
      result.error = { status: cause.status ?? cause.statusCode ?? 0, code: cause.code ?? cause.data?.error?.code ?? "", message: String(cause.message ?? cause) };
    }
    const after = await settled();
    result.calls = after.requests - before.requests;
    result.cancelled = after.cancelled - before.cancelled;
    console.log(JSON.stringify(result));
  }
}
process.exit(0); // some clients leave timers behind
