import { OpenAI, OpenAIEmbedding } from "@llamaindex/openai";
import { agent } from "@llamaindex/workflow";
import { tool } from "llamaindex";
import { z } from "zod";
import { abortAfter, depthTool, pixel, place } from "./shared.mjs";

export function llamaIndex({ baseURL, apiKey, model }) {
  const llm = new OpenAI({ model, apiKey, baseURL, maxRetries: 2 });
  const ask = (content, more) => llm.chat({ messages: [{ role: "user", content }], ...more });
  const tools = async (content) => {
    const t = depthTool();
    const a = agent({
      llm, tools: [tool({ name: t.name, description: t.description, parameters: z.object({ place: z.string() }), execute: (args) => t.run(args) })],
    });
    const r = await a.run(content);
    return { text: String(r.data.result), asked: t.asked };
  };
  return {
    chat: async () => {
      const r = await ask("#hello");
      return { text: r.message.content, tokens: r.raw.usage.total_tokens };
    },
    stream: async () => {
      let text = "", tokens = 0;
      const withUsage = new OpenAI({ model, apiKey, baseURL, additionalChatOptions: { stream_options: { include_usage: true } } });
      for await (const chunk of await withUsage.chat({ messages: [{ role: "user", content: "#hello" }], stream: true })) {
        text += chunk.delta;
        tokens = chunk.raw?.usage?.total_tokens ?? tokens;
      }
      return { text, tokens };
    },
    tools: () => tools("#tool how deep"),
    rounds: () => tools("#rounds how deep"),
    structured: async () => JSON.parse((await ask("where", { responseFormat: place })).message.content),
    image: async () => {
      const r = await ask([{ type: "text", text: "#hello what is it" }, { type: "image_url", image_url: { url: pixel } }]);
      return { text: r.message.content };
    },
    embeddings: async () => {
      const e = new OpenAIEmbedding({ model: "gemini-embedding-001", apiKey, baseURL });
      return { vectors: (await e.getTextEmbeddings(["four fathoms", "high water"])).map((v) => v.length) };
    },
    abort: async () => {
      const controller = new AbortController();
      const stream = await new OpenAI({ model, apiKey, baseURL, additionalSessionOptions: { fetchOptions: { signal: controller.signal } } })
        .chat({ messages: [{ role: "user", content: "#slow" }], stream: true });
      return abortAfter(controller, stream, (p) => p.delta);
    },
    empty: async () => {
      const r = await ask("#empty");
      return { text: r.message.content, finish: r.raw.choices[0].finish_reason };
    },
    day: () => ask("#day"),
    key: () => ask("#key"),
    blocked: () => ask("#blocked"),
    busy: () => ask("#busy"),
  };
}
