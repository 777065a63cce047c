import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { z } from "zod";
import { abortAfter, depthTool, pixel, place } from "./shared.mjs";

export function langChain({ baseURL, apiKey, model }) {
  const llm = new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 2, streamUsage: true });
  const text = (m) => (typeof m.content === "string" ? m.content : m.content.map((p) => p.text ?? "").join(""));
  const tools = async (content) => {
    const t = depthTool();
    const agent = createAgent({
      model: llm,
      tools: [tool(t.run, { name: t.name, description: t.description, schema: z.object({ place: z.string() }) })],
    });
    const state = await agent.invoke({ messages: [{ role: "user", content }] });
    return { text: text(state.messages.at(-1)), asked: t.asked };
  };
  return {
    chat: async () => {
      const m = await llm.invoke("#hello");
      return { text: text(m), tokens: m.usage_metadata.total_tokens };
    },
    stream: async () => {
      let all = "", tokens = 0;
      for await (const m of await llm.stream("#hello")) {
        all += text(m);
        tokens = m.usage_metadata?.total_tokens || tokens;
      }
      return { text: all, tokens };
    },
    tools: () => tools("#tool how deep"),
    rounds: () => tools("#rounds how deep"),
    structured: () => llm.withStructuredOutput(place, { method: "jsonSchema", name: "place" }).invoke("where"),
    image: async () => {
      const m = await llm.invoke([new HumanMessage({
        content: [{ type: "text", text: "#hello what is it" }, { type: "image_url", image_url: { url: pixel } }],
      })]);
      return { text: text(m) };
    },
    embeddings: async () => {
      const e = new OpenAIEmbeddings({ model: "gemini-embedding-001", apiKey, configuration: { baseURL } });
      return { vectors: (await e.embedDocuments(["four fathoms", "high water"])).map((v) => v.length) };
    },
    abort: async () => {
      const controller = new AbortController();
      return abortAfter(controller, await llm.stream("#slow", { signal: controller.signal }), (m) => text(m));
    },
    empty: async () => {
      const m = await llm.invoke("#empty");
      return { text: text(m), finish: m.response_metadata.finish_reason };
    },
    day: () => llm.invoke("#day"),
    key: () => llm.invoke("#key"),
    blocked: () => llm.invoke("#blocked"),
    busy: () => llm.invoke("#busy"),
  };
}
